import Graphs
public import ModelFiles
public import Sharing
import Tensors

/// What a model's owner can prove of all values in it, from the declared range of inputs and the weights.
///
/// The widths of comparisons are public: a party learns from them, to a power of two, how large a layer's values may get.
public struct ModelBounds: Sendable {
  public let widths: ComparisonWidths
  /// Of each node of the model's program, or none where no range is declared.
  public let magnitudes: [Double]

  /// - Throws: `RangeError` where a function may meet values outside its domain.
  public init(_ model: ModelFile, fractionBits: Int) throws {
    guard let range = model.inputRange else {
      (widths, magnitudes) = (.full, [])
      return
    }
    var inputs = model.weights.mapValues { InputBound.values($0) }
    inputs[model.inputName] = .range(range)
    let ranges = try RangeAnalysis(model.graph, inputs: inputs, fractionBits: fractionBits)
    widths = ComparisonWidths(proving: ranges, of: model.graph, fractionBits: fractionBits)
    magnitudes = ranges.intervals.map(\.magnitude)
  }
}

extension SharedModel.Description {
  /// What is public of a model that its owner shares.
  init(_ model: ModelFile, fractionBits: Int) throws {
    self.init(
      graph: model.graph, inputName: model.inputName, fractionBits: fractionBits,
      widths: try ModelBounds(model, fractionBits: fractionBits).widths, inputRange: model.inputRange)
  }
}
