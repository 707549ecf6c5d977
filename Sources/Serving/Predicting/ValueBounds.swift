import Graphs
public import ModelFiles
public import Sharing

/// What the owner of a program's weights can prove of all values in it, from the declared range of inputs and the weights.
///
/// The widths of comparisons are public: a party learns from them, to a power of two, how large a layer's values may get.
public struct ValueBounds: Sendable {
  public let widths: ComparisonWidths
  /// Of each node of the program, or none where no range is declared.
  public let magnitudes: [Double]

  /// - Throws: `RangeError` where a function may meet values outside its domain.
  public init(_ model: ModelFile, fractionBits: Int) throws {
    var inputs: [String: InputBound] = [:]
    if let range = model.inputRange {
      inputs = model.weights.mapValues { .values($0) }
      inputs[model.inputName] = .range(range)
    }
    try self.init(model.graph, inputs: inputs, fractionBits: fractionBits)
  }

  /// As ``init(_:fractionBits:)`` for a program whose inputs are all secret.
  public init(_ program: WorkloadProgram) throws {
    try self.init(program.graph, inputs: program.bounds, fractionBits: program.fractionBits)
  }

  private init(_ graph: Graph, inputs: [String: InputBound], fractionBits: Int) throws {
    guard !inputs.isEmpty else {
      (widths, magnitudes) = (.full, [])
      return
    }
    let ranges = try RangeAnalysis(graph, inputs: inputs, fractionBits: fractionBits)
    widths = ComparisonWidths(proving: ranges, of: graph, fractionBits: fractionBits)
    magnitudes = ranges.intervals.map(\.magnitude)
  }
}

extension SharedModel.Description {
  /// What is public of a model that its owner shares.
  init(_ model: ModelFile, fractionBits: Int, options: ReplicatedOptions = ReplicatedOptions()) throws {
    self.init(
      graph: model.graph, inputName: model.inputName, fractionBits: fractionBits,
      widths: try ValueBounds(model, fractionBits: fractionBits).widths, inputRange: model.inputRange,
      options: options)
  }
}
