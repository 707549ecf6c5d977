public import Graphs
public import Tensors

/// Runs a graph on shares: the same program as in the clear, step by step with the other parties.
///
/// Independent operations of one kind share their rounds, and products are truncated only where something needs them,
/// after bias, sums and pooling have been applied for free.
public struct SecureEngine<Scheme: SharingScheme> {
  public let arithmetic: FixedPointArithmetic<Scheme>
  /// Bits that each node compares on.
  public let widths: ComparisonWidths
  /// The largest value that each node can have, where it is known: a run that may not hold it is refused.
  public let magnitudes: [Double]

  /// - Parameters:
  ///   - fractionBits: bits behind the point of inputs, weights and results, 10...24.
  ///   - widths: bits that compared values are known to fit into, signed.
  ///   - magnitudes: bounds of all nodes' values, or none.
  public init(
    _ scheme: Scheme, fractionBits: Int, widths: ComparisonWidths = .full, magnitudes: [Double] = []
  ) {
    self.init(
      scheme, fractionBits: fractionBits, widths: widths, magnitudes: magnitudes, blockCount: BlockSize.standard)
  }

  package init(
    _ scheme: Scheme, fractionBits: Int, widths: ComparisonWidths = .full, magnitudes: [Double] = [], blockCount: Int
  ) {
    arithmetic = FixedPointArithmetic(
      scheme, fractionBits: fractionBits, comparisonWidth: widths.standard, blockCount: blockCount)
    self.widths = widths
    self.magnitudes = magnitudes
  }

  /// As ``init(_:fractionBits:widths:magnitudes:)`` with one width for all comparisons.
  public init(_ scheme: Scheme, fractionBits: Int, comparisonWidth: Int) {
    self.init(scheme, fractionBits: fractionBits, widths: .uniform(comparisonWidth))
  }

  /// The values of the graph's outputs as shares.
  ///
  /// - Parameters:
  ///   - inputs: shares of all inputs of the graph, in fixed point.
  ///   - numbers: public values of inputs that are no secrets, such as a learning rate, by name.
  ///   - own: inputs of which every party brings a summand by itself, such as its noise, as whole words in fixed point; each is
  ///     added to one other value.
  ///   - noise: those of `inputs` that are noise: each is added to one other value, and nothing else is made of a sum with noise
  ///     before it has been rounded to whole steps of fixed point.
  ///   - observer: told of every step in which parties talk.
  /// - Throws: ``SharingError``, or the channel's error.
  @specialized(where Scheme == ReplicatedScheme)
  @specialized(where Scheme == AdditiveScheme)
  @specialized(where Scheme == AuthenticatedScheme)
  @specialized(where Scheme == CheckedScheme)
  public func run(
    _ graph: Graph, inputs: [String: Scheme.Share], numbers: [String: Float] = [:], own: [String: RingTensor] = [:],
    noise: Set<String> = [], observer: ((SecureStep) -> Void)? = nil
  ) async throws -> [Scheme.Share] {
    try Self.checkAvailability(of: graph)
    for node in graph.nodes {
      if let number = node.operation.publicNumber(among: numbers) { try arithmetic.check(number, of: node) }
    }
    try OwnInputs.check(own, noise: noise, in: graph)
    let bounds = MagnitudeBounds(magnitudes, fractionBits: arithmetic.fractionBits)
    try bounds.check(graph)
    var run = SecureRun(
      graph: graph, arithmetic: arithmetic, numbers: numbers, own: own, noise: noise, widths: widths,
      bounds: bounds, observer: observer)
    return try await run.outputs(for: inputs)
  }

  /// - Throws: ``SharingError/notAvailable(operations:engine:)`` listing every operation that shares do not have.
  public static func checkAvailability(of graph: Graph) throws {
    let missing = graph.nodes.filter { !$0.operation.isAvailableOnShares }.map { node in
      node.layer.isEmpty ? node.operation.name : "\(node.operation.name) (layer \(node.layer))"
    }
    guard missing.isEmpty else { throw SharingError.notAvailable(operations: missing, engine: "secret-sharing") }
  }
}

/// A step of a secure run in which parties talk: what was done, for which nodes.
public struct SecureStep: Sendable {
  /// The kind of work, such as `truncate` or `relu`.
  public let kind: String
  /// Indices of the graph's nodes that the step serves.
  public let nodes: [Int]
  /// Bits of the comparisons in it, where it compares.
  public let width: Int?
  /// Scalars of all values that were alive during the step, what it made included.
  public let heldScalars: Int
  /// For truncations, the most probable that a two-party sharing of any of the words wraps: what a fast truncation fails with.
  public var wrapProbability = 0.0
}

extension Operation {
  /// Whether secret-sharing engines can run it.
  var isAvailableOnShares: Bool {
    switch self {
    case .input, .constant, .add, .subtract, .multiply, .divide, .compare, .select, .negate, .scale, .shift, .relu,
      .sigmoid, .tanh, .exp, .log, .reciprocal, .inverseSquareRoot, .gelu, .geluGradient, .softmax, .logSoftmax,
      .matmul, .conv2d, .conv2dInputGradient, .conv2dWeightGradient, .averagePool2d, .averagePool2dGradient,
      .maxPool2d, .maxPool2dGradient, .sum, .mean, .max, .argmax, .broadcast, .reshape, .transpose, .concatenate,
      .slice, .pad, .gather, .scatter, .power:
      true
    case .conv2dExampleGradients, .conv2dExampleNorms: false
    }
  }

  /// The number that is part of the program or given in public, where there is one.
  fileprivate func publicNumber(among numbers: [String: Float]) -> Float? {
    if case .input(let name) = self { return numbers[name] }
    if case .constant(let value) = self { return value }
    if case .scale(let factor) = self { return factor }
    if case .shift(let offset) = self { return offset }
    return nil
  }
}

extension FixedPointArithmetic {
  /// - Throws: ``SharingError/outOfRange(layer:operation:magnitude:limit:)`` for a public number that has no fixed-point
  ///   form; programs come from files and clients.
  func check(_ number: Float, of node: Graph.Node) throws {
    let limit = Double(sign: .plus, exponent: 62 - fractionBits, significand: 1)
    guard abs(Double(number)) < limit else {
      throw SharingError.outOfRange(
        layer: node.layer, operation: node.operation.name, magnitude: abs(Double(number)), limit: limit)
    }
  }
}
