import Graphs
import Tensors

/// What the values of a graph's nodes cannot exceed, held against what words can hold.
struct MagnitudeBounds {
  /// By node; empty where nothing is known, and nothing is checked.
  private let magnitudes: [Double]
  private let fractionBits: Int

  init(_ magnitudes: [Double], fractionBits: Int) {
    self.magnitudes = magnitudes
    self.fractionBits = fractionBits
  }

  /// - Throws: ``SharingError/outOfRange(layer:operation:magnitude:limit:)`` for the first node that may leave the ring.
  func check(_ graph: Graph) throws {
    guard !magnitudes.isEmpty else { return }
    precondition(magnitudes.count == graph.nodes.count, "\(magnitudes.count) bounds for \(graph.nodes.count) nodes")
    for node in graph.nodes.indices { try check(node, of: graph, surplus: 0) }
  }

  /// Before a truncation words must lie in −2⁶² ..< 2⁶².
  func check(_ node: Int, of graph: Graph, surplus: Int) throws {
    guard !magnitudes.isEmpty else { return }
    try check(magnitudes[node], node, of: graph, surplus: surplus)
  }

  /// Whether words with so many more fraction bits can be truncated; unknown values are taken to be small enough.
  func hold(_ node: Int, surplus: Int) -> Bool {
    magnitudes.isEmpty || magnitudes[node] < limit(surplus: surplus)
  }

  /// The most probable that a uniform two-party sharing of any word of a node wraps: the sum of |z|/2⁶⁴ over its words.
  func wrapProbability(_ node: Int, of graph: Graph, surplus: Int) -> Double {
    guard !magnitudes.isEmpty else { return 0 }
    let word = magnitudes[node] * Double(sign: .plus, exponent: fractionBits + surplus, significand: 1)
    return Double(graph.nodes[node].shape.count) * word * Double(sign: .plus, exponent: -64, significand: 1)
  }

  /// The products that some kinds of work make by themselves.
  func check(_ work: Work, _ nodes: [Int], of graph: Graph) throws {
    guard !magnitudes.isEmpty else { return }
    for node in nodes {
      if work == .divide {
        let surplus = FixedPointArithmetic<MeteredScheme>.quotientBits(fractionBits) + 24 - fractionBits
        try check(magnitudes[node], node, of: graph, surplus: surplus)
      }
      if work == .select {
        let difference = magnitudes[graph.nodes[node].operands[1]] + magnitudes[graph.nodes[node].operands[2]]
        try check(difference, node, of: graph, surplus: fractionBits)
      }
    }
  }

  private func limit(surplus: Int) -> Double {
    Double(sign: .plus, exponent: 62 - fractionBits - surplus, significand: 1)
  }

  private func check(_ magnitude: Double, _ node: Int, of graph: Graph, surplus: Int) throws {
    let limit = limit(surplus: surplus)
    guard magnitude < limit else {
      throw SharingError.outOfRange(
        layer: graph.nodes[node].layer, operation: graph.nodes[node].operation.name, magnitude: magnitude,
        limit: limit)
    }
  }
}
