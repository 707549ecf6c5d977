import Tensors

/// Where a weight of a dense layer meets a batch: what clipping without gradients of each example needs to know of it.
package enum DenseUse {
  /// Each example's gradient is `activations ⊗ upstream`, of rows `[examples, k]` and `[examples, n]`.
  case weight(activations: Symbol, upstream: Symbol)
  /// Each example's gradient is its row.
  case bias(upstream: Symbol)

  /// Of each weight, by one backward walk; `nil` where a weight is used in another way, or more than once.
  ///
  /// Arguments as of ``ExampleGradients/init(of:upstream:by:)``.
  package static func all(
    of outputs: Symbol, upstream: Symbol, by weights: [Symbol]
  ) throws(GraphError) -> [DenseUse]? {
    let found = try ExampleWalk(outputs, weights: weights).uses(upstream: upstream)
    var uses: [DenseUse] = []
    for weight in weights {
      let own = found.filter { $0.weight == weight.node }
      guard own.count == 1, let use = own[0].dense else { return nil }
      uses.append(use)
    }
    return uses
  }
}

extension WeightUse {
  fileprivate var dense: DenseUse? {
    switch form {
    case .product(let activations, let upstream, false): .weight(activations: activations, upstream: upstream)
    case .rows(let rows): .bias(upstream: rows)
    case .product(_, _, true), .convolution: nil
    }
  }
}
