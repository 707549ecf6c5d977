import Foundation
public import Tensors

/// What is known of a graph's input before a run.
public enum InputBound: Sendable {
  /// A declared range.
  case range(InputRange)
  /// The very values: weights, to who has them.
  case values(Tensor<Float>)
}

/// An interval for every node of a graph, by interval arithmetic from the inputs on.
///
/// Sound for the fixed-point engines: the rounding of encoding, truncation and functions is added where it happens. Weights
/// that are known give each output unit its own bound, which keeps the bounds of later layers tight. What interval arithmetic
/// forgets is put back where it matters: a square is not negative, x − max x not positive.
public struct RangeAnalysis: Sendable {
  /// What each node's scalars lie in, in the order of the graph's nodes.
  public let intervals: [Interval]

  /// - Parameter inputs: a bound for every input of the graph.
  /// - Throws: ``RangeError`` where a bound is missing, or a function may meet values it is not defined for.
  public init(_ graph: Graph, inputs: [String: InputBound], fractionBits: Int) throws(RangeError) {
    var walk = RangeWalk(graph: graph, inputs: inputs, fractionBits: fractionBits)
    for node in graph.nodes.indices { walk.tensors.append(try walk.tensor(of: node)) }
    intervals = walk.tensors.map(\.hull)
  }
}

/// One walk over a graph.
struct RangeWalk {
  let graph: Graph
  let inputs: [String: InputBound]
  let fractionBits: Int
  var tensors: [RangeTensor] = []

  /// One unit in the last place.
  var unit: Double { Double(sign: .plus, exponent: -fractionBits, significand: 1) }

  func tensor(of index: Int) throws(RangeError) -> RangeTensor {
    let node = graph.nodes[index]
    let operands = node.operands.map { tensors[$0] }
    let rank = node.shape.rank
    switch node.operation {
    case .input(let name): return try input(name, node.shape)
    case .constant(let value):
      return RangeTensor(Interval(Double(value), Double(value)).widened(by: unit), rank: rank)
    case .add: return operands[0].zipped(operands[1]) { $0 + $1 }
    case .subtract: return difference(node, operands)
    case .multiply:
      if node.operands[0] == node.operands[1] { return operands[0].mapped { rounded($0.squared) } }
      return operands[0].zipped(operands[1]) { rounded($0 * $1) }
    case .divide:
      let inverse = try reciprocal(operands[1], node)
      return operands[0].zipped(inverse) { rounded($0 * $1) }
    case .compare: return RangeTensor(Interval(0, 1), rank: rank)
    case .select: return operands[1].zipped(operands[2]) { rounded($0.union($1)) }.ranked(rank)
    case .negate: return operands[0].mapped { $0 * -1 }
    case .scale(let factor): return operands[0].mapped { rounded($0 * Double(factor)) }
    case .shift(let offset): return operands[0].mapped { $0 + Interval(Double(offset), Double(offset)) }
    case .relu: return operands[0].mapped { Interval(Swift.max($0.low, 0), Swift.max($0.high, 0)) }
    case .sigmoid: return monotone(operands[0]) { 1 / (1 + Foundation.exp(-$0)) }
    case .tanh: return monotone(operands[0]) { Foundation.tanh($0) }
    case .exp: return try exponential(operands[0], node)
    case .log: return try logarithm(operands[0], node)
    case .reciprocal: return try reciprocal(operands[0], node)
    case .softmax: return softmax(operands[0], node)
    case .inverseSquareRoot: return try inverseSquareRoot(operands[0], node)
    case .gelu: return operands[0].mapped { geluRange($0) }
    case .geluGradient: return RangeTensor(Interval(-0.13, 1.13).widened(by: 4 * unit), rank: rank)
    case .power(let exponent): return operands[0].mapped { power($0, exponent) }
    case .logSoftmax: return logSoftmax(operands[0], node)
    case .matmul(let transposeLeft, let transposeRight):
      return matmul(node, operands, transposeLeft: transposeLeft, transposeRight: transposeRight)
    case .conv2d(let convolution):
      return convolved(
        node, operands[0], operands[1], isPadded: convolution.paddingHeight > 0 || convolution.paddingWidth > 0)
    case .conv2dInputGradient:
      // A pixel collects from output channels what at most all positions of the kernel bring.
      return convolved(node, operands[0], operands[1].transposed([1, 0, 2, 3]), isPadded: true)
    case .conv2dWeightGradient: return correlated(node, operands)
    case .conv2dExampleGradients, .conv2dExampleNorms: return exampleGradients(node, operands)
    case .averagePool2d: return operands[0].hull(alongAxes: [2, 3]).mapped { rounded($0) }
    case .maxPool2d: return operands[0].hull(alongAxes: [2, 3])
    case .averagePool2dGradient(let pooling, _, _):
      let share = Double(pooling.overlap) / Double(pooling.windowHeight * pooling.windowWidth)
      return spread(operands[0]).mapped { rounded($0 * share) }
    case .maxPool2dGradient(let pooling): return spread(operands[1]).mapped { $0 * Double(pooling.overlap) }
    case .sum(let axes): return sum(operands[0], axes, node)
    case .mean(let axes):
      let count = axes.reduce(1) { $0 * graph.nodes[node.operands[0]].shape[$1] }
      return sum(operands[0], axes, node).mapped { rounded($0 * (1 / Double(Swift.max(count, 1)))) }
    case .max(let axis):
      return operands[0].folded(axis: axis) { Interval(Swift.max($0.low, $1.low), Swift.max($0.high, $1.high)) }
    case .argmax(let axis):
      return RangeTensor(Interval(0, Double(graph.nodes[node.operands[0]].shape[axis] - 1)), rank: rank)
    case .broadcast: return operands[0].ranked(rank)
    case .reshape: return operands[0].reshaped(from: graph.nodes[node.operands[0]].shape, to: node.shape)
    case .transpose(let permutation): return operands[0].transposed(permutation)
    case .concatenate(let axis):
      return RangeTensor.concatenated(
        operands, axis: axis, counts: node.operands.map { graph.nodes[$0].shape[axis] })
    case .slice(let axis, let start, let end): return operands[0].sliced(axis: axis, start..<end)
    case .gather(let axis, _): return operands[0].hull(alongAxes: [axis])
    case .scatter(let axis, let indices, _):
      let most = Dictionary(grouping: indices) { $0 }.values.map(\.count).max() ?? 0
      return operands[0].hull(alongAxes: [axis]).mapped { ($0 * Double(most)).union(Interval(0, 0)) }
    case .pad(let axis, let before, let after):
      guard operands[0].extents[axis] > 1 else { return operands[0].mapped { $0.union(Interval(0, 0)) } }
      let zeros = RangeTensor(Interval(0, 0), rank: rank)
      return RangeTensor.concatenated(
        [zeros, operands[0], zeros], axis: axis, counts: [before, operands[0].extents[axis], after])
    }
  }

  private func input(_ name: String, _ shape: Shape) throws(RangeError) -> RangeTensor {
    switch inputs[name] {
    case nil: throw .missingRange(name)
    case .values(let tensor)?:
      guard tensor.shape == shape else { throw .invalidRange("the values of \"\(name)\" do not have its shape") }
      guard tensor.count > 0 else { return RangeTensor(Interval(0, 0), rank: shape.rank) }
      return RangeTensor(
        extents: shape.extents, intervals: tensor.scalars.map { Interval(Double($0), Double($0)).widened(by: unit) })
    case .range(let range)?:
      let intervals = zip(range.low, range.high).map { Interval(Double($0), Double($1)).widened(by: unit) }
      if intervals.count == 1 { return RangeTensor(intervals[0], rank: shape.rank) }
      let example = Array(shape.extents.dropFirst())
      guard shape.rank > 0, intervals.count == example.reduce(1, *) else {
        throw .invalidRange("a range of \(intervals.count) features is declared for input \"\(name)\" of \(shape)")
      }
      return RangeTensor(extents: [1] + example, intervals: intervals)
    }
  }

  /// A value after a product and its truncation: public factors have as many significant bits as the point has behind it.
  func rounded(_ interval: Interval) -> Interval {
    interval.widened(by: 2 * unit * (1 + interval.magnitude))
  }

  /// a − b; x − max x is not positive.
  private func difference(_ node: Graph.Node, _ operands: [RangeTensor]) -> RangeTensor {
    let plain = operands[0].zipped(operands[1]) { $0 - $1 }
    guard isMaximum(node.operands[1], of: node.operands[0]) else { return plain }
    return plain.mapped { Interval($0.low, Swift.min($0.high, 0)) }
  }

  /// Whether a node is the largest scalar of another along an axis, spread again.
  private func isMaximum(_ candidate: Int, of node: Int) -> Bool {
    let candidate = graph.nodes[candidate]
    if case .broadcast = candidate.operation { return isMaximum(candidate.operands[0], of: node) }
    if case .max = candidate.operation { return candidate.operands[0] == node }
    return false
  }

  private func sum(_ operand: RangeTensor, _ axes: [Int], _ node: Graph.Node) -> RangeTensor {
    let shape = graph.nodes[node.operands[0]].shape
    return axes.reduce(operand) { $0.summed(axis: $1, count: shape[$1]) }
  }

  /// A gradient scattered over planes: zero where nothing arrives.
  private func spread(_ upstream: RangeTensor) -> RangeTensor {
    upstream.hull(alongAxes: [2, 3]).mapped { $0.union(Interval(0, 0)) }
  }
}

extension Pooling {
  /// How many windows a scalar can be in.
  var overlap: Int {
    ((windowHeight + strideHeight - 1) / strideHeight) * ((windowWidth + strideWidth - 1) / strideWidth)
  }
}
