import Foundation
import Tensors

/// Functions and sums of products.
extension RangeWalk {
  /// What functions on shares may be off by, absolute and relative; they document less.
  private static var slack: Double { 2e-3 }
  /// Where the last squaring of the exponential still fits, `docs/PROTOCOLS.md`, section 5.1.
  private static var largestExponent: Double { 9.7 }

  func monotone(_ operand: RangeTensor, _ function: (Double) -> Double) -> RangeTensor {
    operand.mapped { relaxed(Interval(function($0.low), function($0.high))) }
  }

  func exponential(_ operand: RangeTensor, _ node: Graph.Node) throws(RangeError) -> RangeTensor {
    let all = operand.hull
    guard all.high <= Self.largestExponent else { throw domain(node, all, "values up to \(Self.largestExponent)") }
    return monotone(operand) { exp($0) }
  }

  func logarithm(_ operand: RangeTensor, _ node: Graph.Node) throws(RangeError) -> RangeTensor {
    let all = operand.hull
    guard all.low > 0 else { throw domain(node, all, "values above 0") }
    return monotone(operand) { log($0) }
  }

  /// The smallest share is that of a scalar at the lower end with all others at the upper.
  func softmax(_ operand: RangeTensor, _ node: Graph.Node) -> RangeTensor {
    let classes = Double(Swift.max(node.shape.extents.last ?? 1, 1))
    return RangeTensor(Interval(exp(-operand.hull.width) / classes, 1 + Self.slack), rank: node.shape.rank)
  }

  /// 1/x where x stays away from zero. Below 2^(−f/2) reciprocals are not defined in fixed point, so none is larger than
  /// 2^(f/2).
  func reciprocal(_ operand: RangeTensor, _ node: Graph.Node) throws(RangeError) -> RangeTensor {
    let all = operand.hull
    guard !all.contains(0) else { throw domain(node, all, "values of one sign, without 0") }
    let limit = Double(sign: .plus, exponent: fractionBits, significand: 1)
    guard all.magnitude < limit else { throw domain(node, all, "values within \(Int(limit)) of 0") }
    let largest = Double(sign: .plus, exponent: (fractionBits + 1) / 2, significand: 1)
    return operand.mapped { interval in
      let ends = [1 / interval.high, 1 / interval.low].map { Swift.max(-largest, Swift.min(largest, $0)) }
      return relaxed(Interval(ends[0], ends[1]))
    }
  }

  /// 1/√x for x above zero; below 2^(−f/2) there is none in fixed point, so none is larger than 2^(f/4).
  func inverseSquareRoot(_ operand: RangeTensor, _ node: Graph.Node) throws(RangeError) -> RangeTensor {
    let all = operand.hull
    guard all.low > 0 else { throw domain(node, all, "values above 0") }
    let limit = Double(sign: .plus, exponent: fractionBits, significand: 1)
    guard all.high < limit else { throw domain(node, all, "values below \(Int(limit))") }
    let largest = Double(sign: .plus, exponent: (fractionBits + 3) / 4, significand: 1)
    return operand.mapped { interval in
      relaxed(
        Interval(
          Swift.min(largest, 1 / interval.high.squareRoot()), Swift.min(largest, 1 / interval.low.squareRoot())))
    }
  }

  /// x·Φ(x): never below −0.17, and never above x or zero.
  func geluRange(_ interval: Interval) -> Interval {
    relaxed(Interval(Swift.max(-0.17, Swift.min(interval.low, 0)), Swift.max(interval.high, 0)))
  }

  func power(_ interval: Interval, _ exponent: Int) -> Interval {
    let ends = [interval.low, interval.high].map { pow($0, Double(exponent)) }
    let isEven = exponent % 2 == 0
    let low = isEven && interval.contains(0) ? 0 : Swift.min(ends[0], ends[1])
    return (0..<Swift.max(exponent, 1)).reduce(Interval(low, Swift.max(ends[0], ends[1]))) { result, _ in
      rounded(result)
    }
  }

  /// x − max x − ln n at least, and not positive.
  func logSoftmax(_ operand: RangeTensor, _ node: Graph.Node) -> RangeTensor {
    let classes = Double(Swift.max(node.shape.extents.last ?? 1, 1))
    return RangeTensor(relaxed(Interval(-operand.hull.width - log(classes), 0)), rank: node.shape.rank)
  }

  private func relaxed(_ interval: Interval) -> Interval {
    interval.widened(by: Self.slack * (1 + interval.magnitude))
  }

  private func domain(_ node: Graph.Node, _ values: Interval, _ domain: String) -> RangeError {
    .outsideDomain(layer: node.layer, operation: node.operation.name, values: values, domain: domain)
  }

  // MARK: Sums of products

  func matmul(
    _ node: Graph.Node, _ operands: [RangeTensor], transposeLeft: Bool, transposeRight: Bool
  ) -> RangeTensor {
    let left = transposeLeft ? operands[0].transposed([1, 0]) : operands[0]
    let right = transposeRight ? operands[1].transposed([1, 0]) : operands[1]
    let count = graph.nodes[node.operands[0]].shape[transposeLeft ? 0 : 1]
    return left.matmul(right, count: count).mapped { rounded($0) }
  }

  func convolved(_ node: Graph.Node, _ input: RangeTensor, _ weight: RangeTensor, isPadded: Bool) -> RangeTensor {
    let (x, w) = (graph.nodes[node.operands[0]].shape, graph.nodes[node.operands[1]].shape)
    return input.convolved(weight, channels: x[1], taps: w[2] * w[3], isPadded: isPadded).mapped { rounded($0) }
  }

  /// The gradient of a weight: at most every position of the plane and every example adds a product.
  func correlated(_ node: Graph.Node, _ operands: [RangeTensor]) -> RangeTensor {
    let upstream = graph.nodes[node.operands[1]].shape
    let positions = Double(upstream[0] * upstream[2] * upstream[3])
    let pixels = operands[0].hull(alongAxes: [0, 2, 3]).mapped { $0.union(Interval(0, 0)) }
    let gradients = operands[1].hull(alongAxes: [0, 2, 3]).transposed([1, 0, 2, 3])
    return gradients.zipped(pixels) { rounded($0 * $1 * positions) }
  }
}

extension RangeWalk {
  /// Each example's gradient of a convolution by its weight, or the square of its norm.
  func exampleGradients(_ node: Graph.Node, _ operands: [RangeTensor]) -> RangeTensor {
    let (x, upstream) = (graph.nodes[node.operands[0]].shape, graph.nodes[node.operands[1]].shape)
    func magnitude(_ range: RangeTensor) -> Double { range.intervals.map(\.magnitude).max() ?? 0 }
    let largest = magnitude(operands[0]) * magnitude(operands[1]) * Double(upstream[2] * upstream[3])
    guard case .conv2dExampleNorms(_, let height, let width) = node.operation else {
      return RangeTensor(rounded(Interval(-largest, largest)), rank: node.shape.rank)
    }
    let count = Double(upstream[1] * x[1] * height * width)
    return RangeTensor(rounded(Interval(0, largest * largest * count)), rank: 1)
  }
}
