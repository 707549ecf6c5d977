import Graphs

/// Finds `x · ½ (1 + erf(x/√2))`, which exporters write out, among emitted nodes.
struct GeluPattern {
  /// The argument of the error function, by its result and by that plus one.
  private var arguments: [Int: Int] = [:]
  private var onePlus: [Int: Int] = [:]

  mutating func noteErrorFunction(of argument: ONNXValue, _ result: ONNXValue) {
    if case .node(let z) = argument, case .node(let index) = result { arguments[index] = z }
  }

  mutating func noteOnePlus(_ value: ONNXValue, _ result: ONNXValue) {
    if case .node(let index) = value, let z = arguments[index], case .node(let sum) = result { onePlus[sum] = z }
  }

  /// `x` and the factor by which the product of two values is more than gelu(x), if it is one.
  func match(_ a: ONNXValue, _ b: ONNXValue, in graph: Graph) -> (x: ONNXValue, factor: Float)? {
    guard case .node(let first) = a, case .node(let second) = b else { return nil }
    for (sum, other) in [(first, second), (second, first)] {
      guard let z = onePlus[sum], case .scale(let inverse) = graph.nodes[z].operation,
        abs(inverse - 0.707_106_78) < 1e-4
      else { continue }
      let x = graph.nodes[z].operands[0]
      if other == x { return (.node(x), 2) }
      if case .scale(let factor) = graph.nodes[other].operation, graph.nodes[other].operands[0] == x {
        return (.node(x), 2 * factor)
      }
    }
    return nil
  }
}
