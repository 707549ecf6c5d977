import Foundation
import Graphs
import Tensors

/// How far fixed-point results of a graph may be from the exact ones, node by node.
///
/// Rules of first order with the cross terms kept; every truncation adds one unit in the last place, functions add their
/// published errors. A comparison whose operands are closer than their errors makes what depends on it unbounded.
struct ErrorBound {
  /// The exact value of every node.
  let values: [Tensor<Float>]
  private(set) var errors: [Double] = []
  private let unit: Double

  init(graph: Graph, values: [Tensor<Float>], fractionBits: Int) {
    self.values = values
    unit = Double(sign: .plus, exponent: -fractionBits, significand: 1)
    for index in graph.nodes.indices { errors.append(error(of: graph.nodes[index], index, graph)) }
  }

  private func magnitude(_ node: Int) -> Double { values[node].scalars.reduce(0) { max($0, Double(abs($1))) } }
  private func smallest(_ node: Int) -> Double { values[node].scalars.reduce(.infinity) { min($0, Double(abs($1))) } }

  /// Of a sum of `count` products.
  private func product(_ a: Int, _ b: Int, count: Int) -> Double {
    let exact = magnitude(a) * errors[b] + magnitude(b) * errors[a]
    return Double(count) * (exact + errors[a] * errors[b]) + unit
  }

  /// Of the inverse of a node.
  private func inverse(_ node: Int) -> Double {
    let least = smallest(node)
    guard least > 2 * errors[node] else { return .infinity }
    return errors[node] / (least * (least - errors[node])) + 8 * unit / least + 5 * unit
  }

  private func error(of node: Graph.Node, _ index: Int, _ graph: Graph) -> Double {
    let x = node.operands
    let shape = x.first.map { graph.nodes[$0].shape } ?? []
    // Weights of an average have as many significant bits as there are fraction bits.
    func average(_ operand: Int) -> Double { errors[operand] + 4 * unit * magnitude(operand) + 2 * unit }
    switch node.operation {
    case .input: return unit / 2
    case .constant: return max(unit / 2, magnitude(index) * unit)
    case .add, .subtract: return errors[x[0]] + errors[x[1]]
    case .multiply: return product(x[0], x[1], count: 1)
    case .divide:
      return magnitude(x[0]) * inverse(x[1]) + errors[x[0]] * (1 / smallest(x[1]) + inverse(x[1])) + unit
    case .compare:
      let (a, b) = (values[x[0]].broadcast(to: node.shape), values[x[1]].broadcast(to: node.shape))
      let gap = zip(a.scalars, b.scalars).reduce(Double.infinity) { min($0, Double(abs($1.0 - $1.1))) }
      return gap > errors[x[0]] + errors[x[1]] ? 0 : .infinity
    case .select:
      return errors[x[0]] == 0 ? max(errors[x[1]], errors[x[2]]) + unit : .infinity
    case .negate, .relu, .max, .maxPool2d, .broadcast, .reshape, .transpose, .slice, .pad: return errors[x[0]]
    case .scale(let factor):
      return abs(Double(factor)) * (errors[x[0]] + 2 * unit * magnitude(x[0])) + unit
    case .shift: return errors[x[0]] + unit / 2
    case .sigmoid: return errors[x[0]] / 4 + 8e-5 + 2 * unit
    case .tanh: return errors[x[0]] + 1.6e-4 + 4 * unit
    case .exp:
      return magnitude(index) * (Foundation.exp(errors[x[0]]) - 1 + 1.2e-4) + 5 * unit
    case .reciprocal: return inverse(x[0])
    case .softmax: return 2 * errors[x[0]] + 5e-4 + 2 * unit
    case .matmul(let left, _): return product(x[0], x[1], count: shape[left ? 0 : 1])
    case .conv2d: return product(x[0], x[1], count: graph.nodes[x[1]].shape.extents[1...].reduce(1, *))
    case .conv2dInputGradient:
      let weight = graph.nodes[x[1]].shape
      return product(x[0], x[1], count: weight[0] * weight[2] * weight[3])
    case .conv2dWeightGradient:
      let upstream = graph.nodes[x[1]].shape
      return product(x[0], x[1], count: upstream[0] * upstream[2] * upstream[3])
    case .averagePool2d, .averagePool2dGradient: return average(x[0])
    case .mean(let axes):
      // The factor's error counts once for each scalar of the sum, whose mean is at most the largest of them.
      return axes.isEmpty ? errors[x[0]] : average(x[0])
    case .sum(let axes): return axes.reduce(1) { $0 * Double(shape[$1]) } * errors[x[0]]
    case .concatenate: return x.map { errors[$0] }.max() ?? 0
    case .gather: return errors[x[0]]
    case .scatter(_, let indices, _):
      let most = Dictionary(grouping: indices, by: { $0 }).values.map(\.count).max() ?? 0
      return Double(most) * errors[x[0]]
    case .power(let exponent):
      // As many products as factors at most; each passes on the other factor's error and adds a unit.
      let size = max(1, magnitude(x[0])) + errors[x[0]]
      return Double(exponent) * pow(size, Double(exponent - 1)) * (errors[x[0]] + unit)
    case .gelu: return 1.13 * errors[x[0]] + 1.7e-4 + 2 * unit
    case .geluGradient: return errors[x[0]] + 3e-4 + 2 * unit
    case .logSoftmax: return 2 * errors[x[0]] + 4e-6 * Double((shape.extents.last ?? 1) + 1) + 3 * unit
    case .log:
      let least = smallest(x[0])
      return least > 2 * errors[x[0]] ? errors[x[0]] / (least - errors[x[0]]) + 2e-6 + 2 * unit : .infinity
    case .inverseSquareRoot:
      let least = smallest(x[0])
      guard least > 2 * errors[x[0]] else { return .infinity }
      return errors[x[0]] / (2 * pow(least - errors[x[0]], 1.5)) + 4e-7 * magnitude(index) + 3 * unit
    // Steps: tests of their own look at values without errors.
    case .maxPool2dGradient, .argmax: return .infinity
    // In the clear alone.
    case .conv2dExampleGradients, .conv2dExampleNorms: return .infinity
    }
  }
}
