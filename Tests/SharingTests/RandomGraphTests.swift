import Arithmetic
import Graphs
import Sharing
import Tensors
import TestSupport
import Testing

import class Foundation.ProcessInfo

/// Programs nobody thought of: seeded random graphs against the plain engine.
@Suite struct RandomGraphTests {
  /// A random operation with random attributes; many do not fit the operands drawn for them and are drawn again.
  static func operation(_ generator: inout PublicGenerator) -> (Operation, operandCount: Int) {
    func pooling() -> Pooling { Pooling(window: 1 + generator.choice(3), stride: 1 + generator.choice(2)) }
    let axis = generator.choice(4)
    let factor = Float(generator.uniform() * 4 - 2)
    switch generator.choice(31) {
    case 0: return (.add, 2)
    case 1: return (.subtract, 2)
    case 2, 3: return (.multiply, 2)
    case 4: return (.divide, 2)
    case 5: return (.compare(Comparison.allCases[generator.choice(6)]), 2)
    case 6: return (.select, 3)
    case 7: return (.negate, 1)
    case 8: return (.scale(generator.choice(2) == 0 ? factor : 0.25), 1)
    case 9: return (.shift(factor), 1)
    case 10: return (.relu, 1)
    case 11: return (.sigmoid, 1)
    case 12: return (.tanh, 1)
    case 13: return (.exp, 1)
    case 14: return (.reciprocal, 1)
    case 15: return (.softmax, 1)
    case 16, 17: return (.matmul(transposeLeft: generator.choice(2) == 0, transposeRight: generator.choice(2) == 0), 2)
    case 18: return (.conv2d(Convolution(stride: 1 + generator.choice(2), padding: generator.choice(2))), 2)
    case 19: return (.averagePool2d(pooling()), 1)
    case 20: return (.maxPool2d(pooling()), 1)
    case 21: return (generator.choice(2) == 0 ? .sum(axes: [axis]) : .mean(axes: [axis]), 1)
    case 22: return (.max(axis: axis), 1)
    case 23: return (generator.choice(2) == 0 ? .transpose([1, 0]) : .reshape([-1, 2]), 1)
    case 24: return (.concatenate(axis: axis), 2)
    case 25: return (.power(1 + generator.choice(5)), 1)
    case 26:
      return (
        generator.choice(2) == 0
          ? .gather(axis: axis, indices: [1, 0, 1]) : .scatter(axis: axis, indices: [2, 0], extent: 3), 1
      )
    case 27: return (generator.choice(2) == 0 ? .log : .inverseSquareRoot, 1)
    case 28: return (generator.choice(2) == 0 ? .gelu : .geluGradient, 1)
    case 29:
      return generator.choice(2) == 0
        ? (generator.choice(2) == 0 ? .logSoftmax : .argmax(axis: axis), 1) : (.maxPool2dGradient(pooling()), 2)
    default:
      return (
        generator.choice(2) == 0 ? .slice(axis: axis, start: 0, end: 2) : .pad(axis: axis, before: 1, after: 1), 1
      )
    }
  }

  /// A graph of about `nodeCount` operations whose values stay where fixed point is at home.
  static func graph(
    _ generator: inout PublicGenerator, nodeCount: Int
  ) throws -> (Graph, inputs: [String: Tensor<Float>]) {
    var graph = Graph()
    let shapes: [Shape] = [[4, 6], [6, 4], [4, 1], [2, 3, 6, 6], [3, 3, 2, 2], [6]]
    var inputs: [String: Tensor<Float>] = [:]
    for (index, shape) in shapes.enumerated() {
      _ = try graph.appendInput("input \(index)", shape)
      inputs["input \(index)"] = generator.floats(shape, in: -2...2)
    }
    _ = graph.appendConstant(0.75, [4, 6])
    let goal = graph.nodes.count + nodeCount
    var attempts = 0
    while graph.nodes.count < goal, attempts < 4000 {
      attempts += 1
      let (operation, operandCount) = operation(&generator)
      var longer = graph
      let operands = (0..<operandCount).map { _ in generator.choice(graph.nodes.count) }
      guard let node = try? longer.append(operation, operands), longer.nodes[node].shape.count <= 2000 else { continue }
      try longer.setOutputs([node] + operands)
      let values = try PlainEngine().run(longer, inputs: inputs)
      guard values[0].scalars.allSatisfy({ abs($0) < 60 }), isAtHome(operation, Array(values.dropFirst())) else {
        continue
      }
      graph = longer
    }
    let used = Set(graph.nodes.flatMap(\.operands))
    try graph.setOutputs(graph.nodes.indices.filter { !used.contains($0) })
    return (graph, inputs)
  }

  /// Whether operands are well inside an operation's domain.
  static func isAtHome(_ operation: Operation, _ operands: [Tensor<Float>]) -> Bool {
    switch operation {
    case .divide: operands[1].scalars.allSatisfy { abs($0) > 0.1 }
    case .reciprocal: operands[0].scalars.allSatisfy { abs($0) > 0.1 }
    case .exp: operands[0].scalars.allSatisfy { $0 < 4 }
    case .log, .inverseSquareRoot: operands[0].scalars.allSatisfy { $0 > 0.1 }
    case .select: operands[0].scalars.allSatisfy { $0 == 0 || $0 == 1 }
    default: true
    }
  }

  /// How many graphs `Scripts/property-test` asks for.
  static let asked = ProcessInfo.processInfo.environment["TACIT_RANDOM_GRAPHS"].flatMap(Int.init)

  /// Seeds of the graphs that are run: some in the suite.
  static let seeds = 0..<(asked ?? 150)

  /// Comparisons on as few bits as the inputs prove enough, where they prove anything.
  static func provenWidths(
    _ graph: Graph, inputs: [String: Tensor<Float>], fractionBits: Int
  ) -> ComparisonWidths {
    let bounds = inputs.mapValues { InputBound.values($0) }
    guard let ranges = try? RangeAnalysis(graph, inputs: bounds, fractionBits: fractionBits) else { return .full }
    return ComparisonWidths(proving: ranges, of: graph, fractionBits: fractionBits)
  }

  /// On every scheme: the clear one, the replicated one with either protocols, additive ones of two and three parties.
  @Test(arguments: seeds)
  func randomGraph(seed: Int) async throws {
    var generator = SeedTree(seed: 70).child(seed).generator()
    let (graph, inputs) = try Self.graph(&generator, nodeCount: 14)
    let fractionBits = [16, 20, 24][seed % 3]
    let widths = seed / 2 % 2 == 0 ? .full : Self.provenWidths(graph, inputs: inputs, fractionBits: fractionBits)
    try await checkGraph(
      graph, inputs: inputs, fractionBits: fractionBits, widths: widths,
      additiveParties: Self.asked == nil ? [2 + seed % 2] : [2, 3], inFewRounds: true)
  }
}
