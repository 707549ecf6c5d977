import Graphs
import Tensors

/// The sums of a batch's clipped gradients as nodes that engines on shares run, proof against values of any size.
///
/// An example's factor depends on its own rows alone, and is zero for an example whose squares might leave fixed point.
struct ClippedGradients {
  let builder: GraphBuilder
  let clipping: SharedClipping
  let batch: Int

  /// By each weight, times ``SharedClipping/factorScale`` and in units of the norm.
  ///
  /// - Parameter gradient: each example's own, by its outputs.
  func sums(of outputs: Symbol, gradient: Symbol, by weights: [Symbol]) throws(GraphError) -> [Symbol] {
    builder.layer = "clipping"
    let upstream = clamped(gradient, to: clipping.outputBound) * clipping.gradientScale
    guard let uses = try DenseUse.all(of: outputs, upstream: upstream, by: weights) else {
      throw .mixesExamples("a weight that is used twice", layer: "clipping")
    }
    builder.layer = "clipping"
    var squares = Squares(builder: builder, batch: batch)
    var norm: Symbol?
    var watched: [Symbol] = []
    var operands: [(activations: Symbol?, upstream: Symbol)] = []
    for use in uses {
      let part: Symbol
      switch use {
      case .weight(let activations, let g):
        let a = bounded(activations)
        if a.node == activations.node, !isInput(a) { watched.append(a) }
        if g.node != upstream.node { watched.append(g) }
        part = squares.square(a) * squares.square(g)
        operands.append((a, g))
      case .bias(let g):
        part = squares.square(g)
        operands.append((nil, g))
      }
      norm = norm.map { $0 + part } ?? part
    }
    let factor = factor(norm ?? builder.constant(0, [batch]), squares: squares.sum, watched: watched)
    return weighted(operands, by: factor, like: weights)
  }

  /// κ / √max(n², 1), and 0 for an example that does not take part.
  private func factor(_ norm: Symbol, squares: Symbol?, watched: [Symbol]) -> Symbol {
    let zero = builder.constant(0, [batch])
    let larger = (norm + -1).relu() + 1
    var factor = larger.inverseSquareRoot() * clipping.factorScale
    if let squares {
      let limit = builder.constant(clipping.largestSquares, [batch])
      factor = squares.compared(.lessOrEqual, to: limit).select(factor, zero)
    }
    guard let coarse = coarseSquares(watched) else { return factor }
    return coarse.compared(.less, to: builder.constant(clipping.coarseLimit, [batch])).select(factor, zero)
  }

  /// Σ (x / 2^shift)² over all scalars of an example.
  private func coarseSquares(_ watched: [Symbol]) -> Symbol? {
    let step = Float(sign: .plus, exponent: -clipping.coarseShift, significand: 1)
    let parts = watched.map { symbol -> Symbol in
      let small = symbol * step
      return (small * small).sum(axes: [1]).reshaped(to: [batch])
    }
    return parts.dropFirst().reduce(parts.first) { sum, part in sum.map { $0 + part } }
  }

  private func weighted(
    _ operands: [(activations: Symbol?, upstream: Symbol)], by factor: Symbol, like weights: [Symbol]
  ) -> [Symbol] {
    let column = factor.reshaped(to: [batch, 1])
    var scaled: [Int: Symbol] = [:]
    return zip(operands, weights).map { use, weight in
      let h = scaled[use.upstream.node] ?? use.upstream * column
      scaled[use.upstream.node] = h
      let sum = use.activations.map { $0.matmul(h, transposeLeft: true) } ?? h.sum(axes: [0])
      return sum.shape == weight.shape ? sum : sum.reshaped(to: weight.shape.extents)
    }
  }

  /// A sigmoid's or hyperbolic tangent's values are in −1…1 whatever they are computed from, once they are clamped.
  private func bounded(_ activations: Symbol) -> Symbol {
    switch builder.graph.nodes[activations.node].operation {
    case .sigmoid, .tanh: clamped(activations, to: 1)
    default: activations
    }
  }

  /// x + relu(−b − x) − relu(x − b), exactly the nearest number in −b…b.
  private func clamped(_ x: Symbol, to bound: Float) -> Symbol {
    x + (-x + -bound).relu() - (x + -bound).relu()
  }

  /// Whether it is the model's input, which its owner keeps in −1…1.
  private func isInput(_ symbol: Symbol) -> Bool {
    var node = builder.graph.nodes[symbol.node]
    while case .reshape = node.operation { node = builder.graph.nodes[node.operands[0]] }
    return node.operation == .input(ModelDescription.inputName)
  }

  /// `Σ x²` of each example, each value's once.
  private struct Squares {
    let builder: GraphBuilder
    let batch: Int
    private var known: [Int: Symbol] = [:]
    private(set) var sum: Symbol?

    init(builder: GraphBuilder, batch: Int) { (self.builder, self.batch) = (builder, batch) }

    mutating func square(_ x: Symbol) -> Symbol {
      if let square = known[x.node] { return square }
      let square = (x * x).sum(axes: [1]).reshaped(to: [batch])
      known[x.node] = square
      sum = sum.map { $0 + square } ?? square
      return square
    }
  }
}
