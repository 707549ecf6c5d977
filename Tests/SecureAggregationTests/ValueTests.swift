import SecureAggregation
import Testing

@Suite struct ValueTests {
  /// Oracle: the average in double precision. Bound: half a step, 2^−17 of the range at 16 bits, and the rounding of
  /// the result to single precision.
  @Test(arguments: [16, 20, 24]) func averages(bits: Int) throws {
    let range = try FixedRange(bound: 0.75, bits: bits)
    var generator = SeededGenerator(state: UInt64(bits))
    let updates = (0..<7).map { _ in (0..<500).map { _ in Float.random(in: -0.75...0.75, using: &generator) } }
    let encoded = try updates.map { try range.encode($0) }
    let sums = (0..<500).map { index in encoded.reduce(0 as UInt64) { $0 + UInt64($1[index]) } }
    for (index, average) in range.average(sums, count: 7).enumerated() {
      let exact = updates.reduce(0.0) { $0 + Double($1[index]) } / 7
      #expect(abs(Double(average) - exact) <= range.step / 2 + 1e-7)
      #expect(abs(Double(average) - exact) <= 1.5 * 0x1p-15)
    }
  }

  @Test func edgesOfTheRange() throws {
    let range = try FixedRange(bound: 2, bits: 16)
    #expect(try range.encode([-2, 2, 0, 2 - 1e-6]) == [0, 65_535, 32_768, 65_535])
    for (number, place) in [(2.000001, 1), (-2.1, 1), (.nan, 1), (.infinity, 1)] as [(Float, Int)] {
      #expect(throws: SecureAggregationError.outOfRange(coordinate: place)) { try range.encode([0, number]) }
    }
    #expect(try FixedRange(bound: 1, bits: 32).encode([1, -1]) == [.max, 0])
    for (bound, bits) in [(0, 16), (-1, 16), (.infinity, 16), (.nan, 16), (1, 0), (1, 33)] {
      #expect(throws: SecureAggregationError.self) { try FixedRange(bound: bound, bits: bits) }
    }
  }

  /// Through the whole protocol. Oracle: Σ w x / Σ w in double precision; bound as for the plain average.
  @Test func weightedAveragesThroughTheProtocol() throws {
    let weighted = try WeightedRange(FixedRange(bound: 1, bits: 16), largestWeight: 5000)
    #expect(weighted.valueBits == 29)
    var generator = SeededGenerator(state: 21)
    let updates = (0..<5).map { _ in (0..<64).map { _ in Float.random(in: -1...1, using: &generator) } }
    let weights: [UInt32] = [1, 5000, 17, 300, 4999]
    let plan = try AggregationPlan(
      clientCount: 5, vectorLength: WeightedRange.vectorLength(of: 64), valueBits: weighted.valueBits)
    let inputs = try zip(updates, weights).map { try weighted.encode($0, weight: $1).map(UInt64.init) }
    var simulation = try Simulation(plan, inputs: inputs)
    let result = try simulation.run(dropping: [.maskedInput: [simulation.names[1]]])
    let average = try weighted.average(result.sum)
    let rest = [0, 2, 3, 4]
    let total = rest.reduce(0.0) { $0 + Double(weights[$1]) }
    #expect(Double(average.weight) == total)
    for (index, number) in average.numbers.enumerated() {
      let exact = rest.reduce(0.0) { $0 + Double(weights[$1]) * Double(updates[$1][index]) } / total
      #expect(abs(Double(number) - exact) <= weighted.range.step / 2 + 1e-7)
    }
  }

  @Test func weightsAreChecked() throws {
    let range = try FixedRange(bound: 1, bits: 16)
    #expect(throws: SecureAggregationError.self) { try WeightedRange(range, largestWeight: 0) }
    #expect(throws: SecureAggregationError.self) { try WeightedRange(range, largestWeight: 65_538) }
    let weighted = try WeightedRange(range, largestWeight: 65_537)
    #expect(weighted.valueBits == 32)
    for weight in [0, 65_538] as [UInt32] {
      #expect(throws: SecureAggregationError.badWeight(largest: 65_537)) { try weighted.encode([0], weight: weight) }
    }
    #expect(throws: SecureAggregationError.badWeight(largest: 65_537)) { try weighted.average([5, 0]) }
    #expect(throws: SecureAggregationError.badWeight(largest: 65_537)) { try weighted.average([]) }
  }
}
