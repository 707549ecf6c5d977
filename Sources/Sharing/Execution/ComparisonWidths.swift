public import Graphs

/// How many bits each node of a graph compares on: a public number that says how large values may be, at most.
///
/// A comparison is exact if the values fit, signed; narrow ones send less and take fewer rounds.
public struct ComparisonWidths: Hashable, Sendable, Codable {
  /// One width a node, in order; empty where all have ``standard``.
  public let byNode: [Int]
  /// The width where none is given.
  public let standard: Int

  init(byNode: [Int], standard: Int) {
    self.byNode = byNode
    self.standard = standard
  }

  /// Nothing is known: all values of the ring.
  public static let full = uniform(64)

  public static func uniform(_ width: Int) -> ComparisonWidths { ComparisonWidths(byNode: [], standard: width) }

  /// The widths that a range analysis proves enough.
  public init(proving ranges: RangeAnalysis, of graph: Graph, fractionBits: Int) {
    byNode = graph.nodes.map { node in
      guard let magnitude = node.compared(ranges.intervals) else { return 64 }
      return Self.smallest(for: magnitude * Double(sign: .plus, exponent: fractionBits, significand: 1))
    }
    standard = 64
  }

  /// Whether they are widths of that program's comparisons.
  public func fit(_ graph: Graph) -> Bool {
    (byNode.isEmpty || byNode.count == graph.nodes.count) && (byNode + [standard]).allSatisfy((2...64).contains)
  }

  /// The bits on which comparisons of several nodes can be made together.
  func width(of nodes: [Int]) -> Int {
    nodes.map { byNode.isEmpty ? standard : byNode[$0] }.max() ?? standard
  }

  /// Widths that are used: a tree of comparisons has a level less up to 17 and 33 bits, and bytes go by eighths.
  private static let steps = [17, 24, 32, 40, 48, 56, 64]

  private static func smallest(for word: Double) -> Int {
    steps.first { word + 2 < Double(sign: .plus, exponent: $0 - 1, significand: 1) } ?? 64
  }
}

extension Graph.Node {
  /// The largest magnitude that it compares with zero, given what its operands lie in; `nil` where it compares nothing.
  func compared(_ intervals: [Interval]) -> Double? {
    func operand(_ place: Int) -> Interval { intervals[operands[place]] }
    switch operation {
    case .relu, .sigmoid, .exp, .reciprocal, .inverseSquareRoot, .gelu, .geluGradient: return operand(0).magnitude
    // It is a sigmoid of 2x.
    case .tanh: return 2 * operand(0).magnitude
    case .divide: return operand(1).magnitude
    case .compare: return operand(0).union(operand(1)).width
    case .max, .argmax, .maxPool2d, .maxPool2dGradient, .softmax, .logSoftmax: return operand(0).width
    case .log: return operand(0).magnitude
    case .input, .constant, .add, .subtract, .multiply, .select, .negate, .scale, .shift, .matmul, .conv2d,
      .conv2dInputGradient, .conv2dWeightGradient, .conv2dExampleGradients, .conv2dExampleNorms, .averagePool2d,
      .averagePool2dGradient, .sum, .mean, .broadcast, .reshape, .transpose, .concatenate, .slice, .pad, .gather,
      .scatter, .power:
      return nil
    }
  }
}
