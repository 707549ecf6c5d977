import Tensors

/// One backward walk over the values of a batch, down to where weights meet it.
struct ExampleWalk {
  private let builder: GraphBuilder
  private let target: Int
  private let examples: Int
  /// Nodes that are the same for all examples.
  private let isShared: [Bool]
  /// The weight that a node is, perhaps under another shape.
  private let weight: [Int?]
  /// Whether a weight is below a node.
  private let isTrained: [Bool]

  init(_ outputs: Symbol, weights: [Symbol]) throws(GraphError) {
    (builder, target) = (outputs.builder, outputs.node)
    let nodes = Array(builder.graph.nodes.prefix(outputs.node + 1))
    examples = outputs.shape.extents.first ?? 0
    var isShared = [Bool](repeating: true, count: nodes.count)
    var isTrained = [Bool](repeating: false, count: nodes.count)
    var weight = [Int?](repeating: nil, count: nodes.count)
    for source in weights where source.node < nodes.count {
      (weight[source.node], isTrained[source.node]) = (source.node, true)
    }
    for (index, node) in nodes.enumerated() {
      switch node.operation {
      case .input: isShared[index] = weight[index] != nil
      case .reshape where isShared[node.operands[0]]: weight[index] = weight[node.operands[0]]
      default: break
      }
      guard !node.operands.isEmpty else { continue }
      isShared[index] = node.operands.allSatisfy { isShared[$0] }
      isTrained[index] = node.operands.contains { isTrained[$0] }
    }
    (self.isShared, self.isTrained, self.weight) = (isShared, isTrained, weight)
    try check(nodes)
  }

  /// That each example keeps to itself in all the outputs depend on, and that weights meet batches as they are.
  private func check(_ nodes: [Graph.Node]) throws(GraphError) {
    var isNeeded = [Bool](repeating: false, count: nodes.count)
    isNeeded[target] = true
    for index in nodes.indices.reversed() where isNeeded[index] {
      let node = nodes[index]
      for operand in node.operands { isNeeded[operand] = true }
      guard !isShared[index] else {
        guard !isTrained[index] || weight[index] != nil else {
          throw .mixesExamples(node.operation.name, layer: node.layer)
        }
        continue
      }
      let operands = node.operands.map { ExamplewiseOperand(shape: nodes[$0].shape, isShared: isShared[$0]) }
      guard node.operation.keepsExamples(operands, result: node.shape, examples: examples) else {
        throw .mixesExamples(node.operation.name, layer: node.layer)
      }
    }
  }

  func uses(upstream: Symbol) throws(GraphError) -> [WeightUse] {
    let nodes = builder.graph.nodes
    var gradients = [Symbol?](repeating: nil, count: target + 1)
    var uses: [WeightUse] = []
    gradients[target] = upstream
    for index in (0...target).reversed() where isTrained[index] && !isShared[index] {
      guard let upstream = gradients[index] else { continue }
      builder.layer = nodes[index].layer
      let rule = GradientRule(result: Symbol(builder: builder, node: index), upstream: upstream)
      for (operand, gradient) in try rule.contributions() where isTrained[operand.node] {
        guard !isShared[operand.node] else {
          uses.append(use(of: operand, at: nodes[index], upstream: upstream, gradient: gradient))
          continue
        }
        let part = gradient().summed(to: operand.shape)
        gradients[operand.node] = gradients[operand.node].map { $0 + part } ?? part
      }
    }
    return uses
  }

  private func use(
    of operand: Symbol, at node: Graph.Node, upstream: Symbol, gradient: () -> Symbol
  ) -> WeightUse {
    let form: WeightUse.Form
    let other = Symbol(builder: builder, node: node.operands[0])
    switch node.operation {
    case .matmul(_, let transposeRight):
      form = .product(activations: other, upstream: upstream, isTransposed: transposeRight)
    case .conv2d(let convolution):
      form = .convolution(
        ConvolutionUse(x: other, upstream: upstream, convolution: convolution, kernel: operand.shape))
    default: form = .rows(gradient().summedWithinExamples(to: operand.shape))
    }
    return WeightUse(weight: weight[operand.node] ?? operand.node, layer: node.layer, form: form)
  }
}

/// An operand of an operation on a batch.
struct ExamplewiseOperand {
  let shape: Shape
  /// Whether it is the same for all examples.
  let isShared: Bool
}

extension Operation {
  /// Whether each example of the result depends on the same example of the operands alone, and on what all share in a way
  /// that ``WeightUse`` knows.
  func keepsExamples(_ x: [ExamplewiseOperand], result: Shape, examples: Int) -> Bool {
    guard result.extents.first == examples,
      x.allSatisfy({ $0.isShared || ($0.shape.extents.first == examples && examples > 0) })
    else { return false }
    /// What broadcasts must not be taken for another example's.
    func isElementwise() -> Bool {
      x.allSatisfy { x in
        let rank = result.rank
        return x.isShared ? x.shape.rank < rank || x.shape.extents.first == 1 : x.shape.rank == rank
      }
    }
    switch self {
    case .input, .constant: return true
    case .add, .subtract, .multiply, .divide, .compare, .select: return isElementwise()
    case .negate, .scale, .shift, .relu, .sigmoid, .tanh, .exp, .log, .reciprocal, .inverseSquareRoot, .gelu,
      .geluGradient, .power, .reshape, .averagePool2d, .averagePool2dGradient, .maxPool2d:
      return true
    case .maxPool2dGradient: return !x[0].isShared && !x[1].isShared
    case .softmax, .logSoftmax: return result.rank >= 2
    case .matmul(let transposeLeft, _): return !transposeLeft && !x[0].isShared && x[1].isShared
    case .conv2d: return !x[0].isShared && x[1].isShared
    case .sum(let axes), .mean(let axes): return !axes.contains(0)
    case .max(let axis), .argmax(let axis), .slice(let axis, _, _), .pad(let axis, _, _), .gather(let axis, _),
      .scatter(let axis, _, _):
      return axis != 0
    case .concatenate(let axis): return axis != 0 && !x.contains(where: \.isShared)
    case .broadcast: return x[0].shape.rank == result.rank
    case .transpose(let permutation): return permutation.first == 0
    case .conv2dInputGradient, .conv2dWeightGradient, .conv2dExampleGradients, .conv2dExampleNorms: return false
    }
  }
}

extension Symbol {
  /// Undoes the broadcasting of a shared operand, example by example: `[examples, count]`.
  fileprivate func summedWithinExamples(to operand: Shape) -> Symbol {
    let lead = shape.rank - operand.rank
    let axes = shape.extents.indices.dropFirst().filter {
      shape[$0] != 1 && ($0 < lead || operand[$0 - lead] == 1)
    }
    let sums = axes.isEmpty ? self : sum(axes: axes)
    return sums.shape.rank == 2 && sums.shape[1] == operand.count
      ? sums : sums.reshaped(to: [shape[0], operand.count])
  }
}
