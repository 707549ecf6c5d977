import Graphs
import Tensors

/// A kind of work that parties do together. Nodes with equal work are served in the same rounds.
enum Work: Hashable {
  case relu
  case sigmoid
  case tanh
  case exp
  case reciprocal
  case divide
  case compare
  case select
  /// A power with this exponent.
  case power(Int)
  /// A maximum along an axis or over windows, of this node alone.
  case max(Int)
  case softmax(Int)

  var name: String {
    switch self {
    case .relu: "relu"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .exp: "exp"
    case .reciprocal: "reciprocal"
    case .divide: "divide"
    case .compare: "compare"
    case .select: "select"
    case .power: "power"
    case .max: "max"
    case .softmax: "softmax"
    }
  }
}

extension SecureRun {
  /// Does one kind of work for all nodes that wait for it.
  mutating func perform(_ work: Work, _ nodes: [Int]) async throws {
    try bounds.check(work, nodes, of: graph)
    // Values that fit into fewer bits fit into more, so that nodes of one kind share their rounds.
    let width = widths.width(of: nodes)
    let shares = try await results(of: work, nodes, by: arithmetic.comparing(on: width))
    observer?(SecureStep(kind: work.name, nodes: nodes, width: work == .select ? nil : width))
    for (node, share) in zip(nodes, shares) { settle(node, .share(share)) }
  }

  private func results(
    of work: Work, _ nodes: [Int], by arithmetic: FixedPointArithmetic<Scheme>
  ) async throws -> [Share] {
    func operands(_ place: Int) -> [Share] {
      nodes.map { broadcast(share(of: graph.nodes[$0].operands[place]), to: graph.nodes[$0].shape) }
    }
    switch work {
    case .relu: return try await arithmetic.relu(operands(0))
    case .sigmoid: return try await arithmetic.sigmoid(operands(0))
    case .tanh: return try await arithmetic.tanh(operands(0))
    case .exp: return try await arithmetic.exponential(operands(0))
    case .reciprocal: return try await arithmetic.reciprocal(operands(0))
    case .divide:
      let inverses = try await arithmetic.reciprocal(operands(1))
      return try await arithmetic.multiply(
        zip(operands(0), inverses).map { ($0, $1, truncatingBy: fractionBits) })
    case .power(let exponent): return try await arithmetic.power(operands(0), exponent)
    case .compare:
      return try await arithmetic.compare(
        zip(nodes, zip(operands(0), operands(1))).compactMap { node, pair in
          guard case .compare(let comparison) = graph.nodes[node].operation else { return nil }
          return (comparison, pair.0, pair.1)
        })
    case .select:
      // b + c·(a − b), where c is 0 or 1 in fixed point.
      let differences = zip(operands(1), operands(2)).map { scheme.subtract($0, $1) }
      let chosen = try await arithmetic.multiply(
        zip(operands(0), differences).map { ($0, $1, truncatingBy: fractionBits) })
      return zip(operands(2), chosen).map { scheme.add($0, $1) }
    case .max(let node):
      let operand = share(of: graph.nodes[node].operands[0])
      switch graph.nodes[node].operation {
      case .maxPool2d(let pooling):
        let windows = scheme.map(operand, to: pooling.gatheredShape(graph.nodes[node].shape)) {
          $0.gatheredWindows(pooling, to: graph.nodes[node].shape)
        }
        let largest = try await arithmetic.maximum(windows, axis: 0)
        return [scheme.map(largest, to: graph.nodes[node].shape) { $0.reshaped(to: graph.nodes[node].shape) }]
      case .max(let axis): return [try await arithmetic.maximum(operand, axis: axis)]
      default: preconditionFailure("\(graph.nodes[node].operation.name) is no maximum")
      }
    case .softmax(let node): return [try await arithmetic.softmax(share(of: graph.nodes[node].operands[0]))]
    }
  }
}
