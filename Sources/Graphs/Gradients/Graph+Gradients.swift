import Tensors

extension Graph {
  /// Adds the gradients of one node by others, as nodes of this graph (reverse mode).
  ///
  /// - Parameters:
  ///   - node: what is differentiated; usually a loss of shape `[]`. Of a larger one, the sum is differentiated.
  ///   - upstream: the gradient of something further on by `node`, of the node's shape; ones where there is none. Losses
  ///     whose gradient is known in closed form, such as softmax with cross-entropy, start here.
  ///   - nodes: what it is differentiated by.
  /// - Returns: for each of `nodes` the index of its gradient, which has its shape; a constant 0 where `node` does not
  ///   depend on it. Only gradients on the way to `nodes` are emitted.
  /// - Throws: ``GraphError/notDifferentiable(_:layer:)`` where the way leads through the gradient of a maximum pooling.
  public mutating func appendGradients(
    of node: Int, upstream: Int? = nil, by nodes: [Int]
  ) throws(GraphError) -> [Int] {
    for index in [node] + nodes + (upstream.map { [$0] } ?? []) where !self.nodes.indices.contains(index) {
      throw .unknownOperand("gradient", layer: "")
    }
    if let upstream, self.nodes[upstream].shape != self.nodes[node].shape {
      throw .shapesDoNotFit("gradient", [self.nodes[node].shape, self.nodes[upstream].shape], layer: "")
    }
    let builder = GraphBuilder(continuing: self)
    let reverse = ReverseMode(builder: builder, target: node, sources: nodes)
    let gradients = try reverse.gradients(upstream: upstream.map { Symbol(builder: builder, node: $0) })
    self = builder.graph
    return gradients.map(\.node)
  }
}

extension Symbol {
  /// The gradients of this symbol, a scalar as a rule, by others; see ``Graph/appendGradients(of:upstream:by:)``.
  public func gradients(by symbols: [Symbol], upstream: Symbol? = nil) throws(GraphError) -> [Symbol] {
    let nodes = try builder.graph.appendGradients(of: node, upstream: upstream?.node, by: symbols.map(\.node))
    return nodes.map { Symbol(builder: builder, node: $0) }
  }
}

/// One backward walk over the nodes between the sources and the target.
private struct ReverseMode {
  let builder: GraphBuilder
  let target: Int
  let sources: [Int]

  func gradients(upstream: Symbol?) throws(GraphError) -> [Symbol] {
    let nodes = builder.graph.nodes
    var isWanted = [Bool](repeating: false, count: target + 1)
    for source in sources where source <= target { isWanted[source] = true }
    for index in 0...target where nodes[index].operands.contains(where: { isWanted[$0] }) { isWanted[index] = true }

    var gradients = [Symbol?](repeating: nil, count: target + 1)
    builder.layer = nodes[target].layer
    gradients[target] = upstream ?? builder.constant(1, nodes[target].shape)
    for index in (0...target).reversed() where isWanted[index] {
      guard let upstream = gradients[index] else { continue }
      builder.layer = nodes[index].layer
      let rule = GradientRule(result: Symbol(builder: builder, node: index), upstream: upstream)
      for (operand, gradient) in try rule.contributions() where isWanted[operand.node] {
        let part = gradient().summed(to: operand.shape)
        gradients[operand.node] = gradients[operand.node].map { $0 + part } ?? part
      }
    }
    return sources.map { source in
      let gradient = source <= target ? gradients[source] : nil
      return gradient ?? builder.constant(0, nodes[source].shape)
    }
  }
}

extension Symbol {
  /// Undoes broadcasting: the sum over the axes along which a value of the given shape was repeated.
  func summed(to shape: Shape) -> Symbol {
    if shape == self.shape { return self }
    let lead = self.shape.rank - shape.rank
    let axes = self.shape.extents.indices.filter {
      $0 < lead || (shape[$0 - lead] == 1 && self.shape[$0] != 1)
    }
    let sums = axes.isEmpty ? self : sum(axes: axes)
    return sums.shape == shape ? sums : sums.reshaped(to: shape.extents)
  }
}
