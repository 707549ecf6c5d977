import Tensors

/// Gradients of each example of a batch, for training that bounds what one example may do.
///
/// The first axis of every value that depends on the batch must be its examples. One backward walk finds the gradients by
/// the results of the layers, and from them the norm of each example's gradient by each weight, as a rule without that
/// gradient; weighted sums over the examples reuse what the walk found, so that there is no second one.
///
/// - Source: I. Goodfellow, *Efficient Per-Example Gradient Computations*, 2015; X. Li et al., *Large Language Models Can
///   Be Strong Differentially Private Learners*, ICLR 2022 (ghost clipping); Z. Bu et al., *Differentially Private
///   Optimization on Large Model at Small Cost*, ICML 2023 (book-keeping).
public struct ExampleGradients {
  /// The squared norm of each example's gradient by each weight, of shape `[examples]`.
  public let squaredNorms: [Symbol]
  private let uses: [[WeightUse]]
  private let weights: [Symbol]

  /// - Parameters:
  ///   - outputs: what is differentiated, `[examples, …]`.
  ///   - upstream: the gradient of each example's loss by its row of `outputs`.
  ///   - weights: inputs of the graph, the same for all examples; all other inputs are batches.
  /// - Throws: ``GraphError/mixesExamples(_:layer:)`` where an example's result depends on others, as with batch norm.
  public init(of outputs: Symbol, upstream: Symbol, by weights: [Symbol]) throws(GraphError) {
    let walk = try ExampleWalk(outputs, weights: weights)
    let found = try walk.uses(upstream: upstream)
    let memo = SquareMemo(examples: outputs.shape[0])
    self.weights = weights
    uses = weights.map { weight in found.filter { $0.weight == weight.node } }
    squaredNorms = zip(weights, uses).map { weight, uses in memo.squaredNorm(of: uses, by: weight) }
  }

  /// `Σ factorᵢ · gradientᵢ` over the examples, by each weight.
  ///
  /// - Parameter factors: for each weight one of shape `[examples]`; the same symbol may serve several.
  public func weightedSums(_ factors: [Symbol]) throws(GraphError) -> [Symbol] {
    var scaled = ScaledUpstreams()
    var sums: [Symbol] = []
    for (weight, (uses, factor)) in zip(weights, zip(uses, factors)) {
      var sum: Symbol?
      for use in uses {
        let part = use.weightedSum(factor, &scaled)
        let shaped = part.shape == weight.shape ? part : part.reshaped(to: weight.shape.extents)
        sum = sum.map { $0 + shaped } ?? shaped
      }
      sums.append(sum ?? weight.builder.constant(0, weight.shape))
    }
    return sums
  }
}

/// Upstream gradients times factors, each pair's only once: a layer's weight and bias share them.
struct ScaledUpstreams {
  private struct Key: Hashable {
    let upstream: Int
    let factor: Int
  }

  private var products: [Key: Symbol] = [:]

  /// What is there already.
  func product(_ upstream: Symbol, _ factor: Symbol) -> Symbol? {
    products[Key(upstream: upstream.node, factor: factor.node)]
  }

  mutating func scale(_ upstream: Symbol, by factor: Symbol) -> Symbol {
    if let product = product(upstream, factor) { return product }
    let product = upstream * factor.column(rank: upstream.shape.rank)
    products[Key(upstream: upstream.node, factor: factor.node)] = product
    return product
  }
}

/// Squares of norms, each value's only once: a layer's weight and bias share that of its upstream gradient.
private final class SquareMemo {
  private let examples: Int
  private var squares: [Int: Symbol] = [:]

  init(examples: Int) { self.examples = examples }

  func squaredNorm(of uses: [WeightUse], by weight: Symbol) -> Symbol {
    guard let first = uses.first else { return weight.builder.constant(0, [examples]) }
    weight.builder.layer = first.layer
    guard uses.count == 1 else {
      // The gradients of several uses add up, and so must be there.
      return square(uses.dropFirst().reduce(first.exampleGradients()) { $0 + $1.exampleGradients() })
    }
    switch first.form {
    case .product(let activations, let upstream, _): return square(activations) * square(upstream)
    case .convolution(let window): return window.squaredNorm { square($0) }
    case .rows(let rows): return square(rows)
    }
  }

  /// `Σ x²` of each example.
  private func square(_ x: Symbol) -> Symbol {
    if let square = squares[x.node] { return square }
    let square = (x * x).sum(axes: Array(1..<x.shape.rank)).reshaped(to: [examples])
    squares[x.node] = square
    return square
  }
}

extension Symbol {
  /// A vector of examples as what broadcasts over a batch.
  func column(rank: Int) -> Symbol {
    reshaped(to: [shape[0]] + [Int](repeating: 1, count: rank - 1))
  }
}
