import Graphs
import Tensors

/// A kind of work that parties do together. Nodes with equal work are served in the same rounds.
enum Work: Hashable {
  case relu
  case sigmoid
  case tanh
  case exp
  case log
  case reciprocal
  case inverseSquareRoot
  case gelu
  case geluGradient
  case divide
  case compare
  case select
  /// Multiplications by bits that are known.
  case choose
  /// Bits that are known, as numbers.
  case convert
  /// A power with this exponent.
  case power(Int)
  /// A maximum along an axis or over windows, its place or its gradient, of this node alone.
  case max(Int)
  case softmax(Int)

  var name: String {
    switch self {
    case .relu: "relu"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .exp: "exp"
    case .log: "log"
    case .reciprocal: "reciprocal"
    case .inverseSquareRoot: "inverseSquareRoot"
    case .gelu: "gelu"
    case .geluGradient: "geluGradient"
    case .divide: "divide"
    case .compare: "compare"
    case .select: "select"
    case .choose: "choose"
    case .convert: "convert"
    case .power: "power"
    case .max: "max"
    case .softmax: "softmax"
    }
  }

  /// Whether it compares anything.
  var compares: Bool {
    switch self {
    case .select, .choose, .convert: false
    case .relu, .sigmoid, .tanh, .exp, .log, .reciprocal, .inverseSquareRoot, .gelu, .geluGradient, .divide, .compare,
      .power, .max, .softmax:
      true
    }
  }
}

extension SecureRun {
  /// Does one kind of work for all nodes that wait for it.
  mutating func perform(_ work: Work, _ nodes: [Int]) async throws {
    try bounds.check(work, nodes, of: graph)
    enter(nodes)
    // Values that fit into fewer bits fit into more, so that nodes of one kind share their rounds.
    let width = widths.width(of: nodes)
    let results = try await results(of: work, nodes, by: arithmetic.comparing(on: width))
    report(work.name, nodes, width: work.compares ? width : nil)
    for (node, value) in zip(nodes, results) {
      if let relation = choices.relation[node] { kept.drop(relation, unlessNeededIn: choices, after: node) }
      settle(node, value)
    }
  }

  private mutating func results(
    of work: Work, _ nodes: [Int], by arithmetic: FixedPointArithmetic<Scheme>
  ) async throws -> [Value] {
    switch work {
    case .relu: return try await rectified(nodes, by: arithmetic).map { .share($0) }
    case .compare: return try await compared(nodes, by: arithmetic)
    case .choose: return try await chosen(nodes).map { .share($0) }
    case .convert:
      return try await arithmetic.numbers(nodes.compactMap { kept.bits(choices.relation[$0]) }).map { .share($0) }
    case .max(let node): return [.share(try await largest(node, by: arithmetic))]
    case .sigmoid, .tanh, .exp, .log, .reciprocal, .inverseSquareRoot, .gelu, .geluGradient, .divide, .select, .power,
      .softmax:
      return try await shares(of: work, nodes, by: arithmetic).map { .share($0) }
    }
  }

  private func shares(
    of work: Work, _ nodes: [Int], by arithmetic: FixedPointArithmetic<Scheme>
  ) async throws -> [Share] {
    func operands(_ place: Int) -> [Share] {
      nodes.map { broadcast(share(of: graph.nodes[$0].operands[place]), to: graph.nodes[$0].shape) }
    }
    switch work {
    case .sigmoid: return try await arithmetic.sigmoid(operands(0))
    case .tanh: return try await arithmetic.tanh(operands(0))
    case .exp: return try await arithmetic.exponential(operands(0))
    case .log: return try await arithmetic.logarithm(operands(0))
    case .reciprocal: return try await arithmetic.reciprocal(operands(0))
    case .inverseSquareRoot: return try await arithmetic.inverseSquareRoot(operands(0))
    case .gelu: return try await arithmetic.gelu(operands(0))
    case .geluGradient: return try await arithmetic.geluGradient(operands(0))
    case .divide: return try await arithmetic.divide(zip(operands(0), operands(1)).map { ($0, by: $1) })
    case .power(let exponent): return try await arithmetic.power(operands(0), exponent)
    case .select:
      // b + c·(a − b), where c is 0 or 1 in fixed point.
      let differences = zip(operands(1), operands(2)).map { scheme.subtract($0, $1) }
      let chosen = try await arithmetic.multiply(
        zip(operands(0), differences).map { ($0, $1, truncatingBy: fractionBits) })
      return zip(operands(2), chosen).map { scheme.add($0, $1) }
    case .softmax(let node):
      let x = share(of: graph.nodes[node].operands[0])
      let isLogarithm = graph.nodes[node].operation == .logSoftmax
      return [try await isLogarithm ? arithmetic.logSoftmax(x) : arithmetic.softmax(x)]
    case .relu, .compare, .choose, .convert, .max: preconditionFailure("\(work.name) has a routine of its own")
    }
  }
}
