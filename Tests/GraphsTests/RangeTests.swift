import Foundation
import Graphs
import Tensors
import Testing

/// Range propagation. Oracle: the values of `PlainEngine` on inputs drawn from the declared ranges; no tolerance but float
/// rounding, 1e-5 relative.
@Suite struct RangeTests {
  @Test(arguments: OperationCase.all) func everyValueLiesInItsInterval(_ operation: OperationCase) throws {
    let (inputs, result) = operation.graph()
    var graph = result.builder.build([result])
    try graph.setOutputs(Array(graph.nodes.indices))
    let range = try InputRange(Float(operation.range.lowerBound)...Float(operation.range.upperBound))
    let declared = Dictionary(uniqueKeysWithValues: graph.inputs.keys.map { ($0, InputBound.range(range)) })
    let byRange = try RangeAnalysis(graph, inputs: declared, fractionBits: 16)
    for seed in 1...3 as ClosedRange<UInt64> {
      let values = operation.values(seed: seed).mapValues {
        Tensor(shape: $0.shape, scalars: $0.scalars.map(Float.init))
      }
      let results = try PlainEngine().run(graph, inputs: values)
      // With all inputs but the first known, as weights are.
      var bounds = values.mapValues { InputBound.values($0) }
      bounds["a"] = .range(range)
      let byWeights = try RangeAnalysis(graph, inputs: bounds, fractionBits: 16)
      for (node, value) in results.enumerated() {
        for interval in [byRange.intervals[node], byWeights.intervals[node]] {
          let slack = 1e-5 * (1 + interval.magnitude)
          let isHeld = value.scalars.allSatisfy {
            interval.low - slack <= Double($0) && Double($0) <= interval.high + slack
          }
          #expect(isHeld, "node \(node), \(graph.nodes[node].operation.name): \(interval)")
        }
      }
    }
    #expect(inputs.count == graph.inputs.count)
  }

  /// Each unit of a dense layer is bounded by the positive and negative parts of its own weights.
  @Test func denseBoundsAreExact() throws {
    let builder = GraphBuilder()
    let output = builder.input("x", [1, 3]).matmul(builder.input("w", [3, 2]))
    let graph = builder.build([output])
    let weight = Tensor<Float>(shape: [3, 2], scalars: [1, -2, 0.5, 0.25, -3, 4])
    let range = try InputRange(low: [0, -1, -2], high: [1, 1, 3])
    let intervals = try RangeAnalysis(
      graph, inputs: ["x": .range(range), "w": .values(weight)], fractionBits: 16
    ).intervals
    // Unit 0: [0, 1] + [-0.5, 0.5] + [-9, 6]; unit 1: [-2, 0] + [-0.25, 0.25] + [-8, 12].
    #expect(abs(intervals[2].low - -10.25) < 1e-3 && abs(intervals[2].high - 12.25) < 1e-3)
  }

  /// Uniform ranges stay compressed whatever the batch, and large matrices cost nothing.
  @Test func largeUniformProductsAreBoundedAtOnce() throws {
    let builder = GraphBuilder()
    let output = builder.input("a", [4096, 4096]).matmul(builder.input("b", [4096, 4096]))
    let range = InputBound.range(try InputRange(-1...1))
    let interval = try RangeAnalysis(builder.build([output]), inputs: ["a": range, "b": range], fractionBits: 16)
      .intervals[2]
    #expect(abs(interval.high - 4096) < 1 && abs(interval.low + 4096) < 1)
  }

  @Test func normalisationsKeepTheirSigns() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [4, 10])
    let shifted = x - x.max(axis: 1).broadcast(to: [4, 10])
    let powers = shifted.exp()
    let probabilities = powers / powers.sum(axes: [1])
    let centred = x - x.mean(axes: [1])
    let scaled = centred / ((centred * centred).mean(axes: [1]) + 1e-5)
    let graph = builder.build([probabilities, scaled])
    let range = InputBound.range(try InputRange(-50...50))
    let intervals = try RangeAnalysis(graph, inputs: ["x": range], fractionBits: 16).intervals
    #expect(intervals[shifted.node].high == 0)
    #expect(intervals[graph.outputs[1]].magnitude.isFinite)
  }

  @Test func functionsOutsideTheirDomainAreRefusedByLayer() throws {
    func refusal(_ build: (Symbol) -> Symbol) throws -> String {
      let builder = GraphBuilder()
      builder.layer = "odd"
      let graph = builder.build([build(builder.input("x", [1, 4]))])
      let error = #expect(throws: RangeError.self) {
        try RangeAnalysis(graph, inputs: ["x": .range(try InputRange(-1...20))], fractionBits: 16)
      }
      return error?.description ?? ""
    }
    #expect(try refusal { $0.exp() }.contains("exp in layer odd may meet values in -1"))
    #expect(try refusal { $0.log() }.contains("needs values above 0"))
    #expect(try refusal { $0.reciprocal() }.contains("without 0"))
    #expect(try refusal { ($0 + 0.5).reciprocal() }.contains("layer odd"))
  }

  @Test func ownersHoldExamplesToTheDeclaredRange() throws {
    let range = try InputRange(low: [0, -1], high: [1, 1])
    try range.check(Tensor(shape: [2, 2], scalars: [0, -1, 1, 1]))
    #expect(throws: RangeError.outsideDeclared(row: 2, column: 1, range: Interval(0, 1))) {
      try range.check(Tensor(shape: [2, 2], scalars: [0, 0, 1.5, 0]))
    }
    #expect(throws: RangeError.self) { try range.check(Tensor(shape: [1, 2], scalars: [.nan, 0])) }
    #expect(throws: RangeError.self) { try InputRange(low: [1], high: [0]) }
    #expect(throws: RangeError.self) { try InputRange(low: [], high: []) }
    #expect(throws: RangeError.self) { try InputRange(low: [-.infinity], high: [0]) }
  }

  @Test func learnedRangesAreWidened() throws {
    let range = try InputRange.covering(Tensor(shape: [2, 3], scalars: [0, -1, 0.5, 1, 1, 2]))
    #expect(range.low == [0, -9, -8] && range.high == [1, 9, 10])
    let text = try JSONEncoder().encode(range)
    #expect(try JSONDecoder().decode(InputRange.self, from: text) == range)
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(InputRange.self, from: Data(#"{"low": [1], "high": [0]}"#.utf8))
    }
  }
}
