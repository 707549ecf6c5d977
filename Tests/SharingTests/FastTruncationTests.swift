import Arithmetic
import Graphs
import Sharing
import Tensors
import TestSupport
import Testing

/// Oracle: the arithmetic shift for words whose sharing does not wrap; for the others, their probability.
@Suite struct FastTruncationTests {
  static let options = ReplicatedOptions(truncation: .fast)

  static func truncated(
    _ values: RingTensor, by bits: Int, _ form: TruncationTests.Form, shares: ShareForm = .uniform
  ) async throws -> RingTensor {
    let one = RingTensor(repeating: 1, shape: values.shape)
    return try await evaluateReplicated([values, one], form: shares, options: options) { scheme, inputs in
      let product =
        switch form {
        case .shared: scheme.product(inputs[0], by: 1)
        case .fused:
          try await scheme.multiply([Multiplication(.elementwise(values.shape), inputs[0], inputs[1])])[0]
        }
      return try await scheme.truncate([Truncation(product, by: bits, mayFail: true)])
    }.values[0]
  }

  /// Words below 2²⁴ fail less than once in 10¹²: all of them are exact up to one, and without bias (six standard deviations).
  @Test(arguments: [1, 3, 16, 24], ShareForm.allCases)
  func smallWordsAreExactUpToOne(bits: Int, shares: ShareForm) async throws {
    var generator = SeedTree(seed: 21).child(bits).generator()
    let values = generator.words([20_000], bits: 24)
    let unit = Double(sign: .plus, exponent: bits, significand: 1)
    for form in TruncationTests.Form.allCases {
      let results = try await Self.truncated(values, by: bits, form, shares: shares)
      let excess = TruncationTests.excess(results, of: values, by: bits)
      #expect(excess.allSatisfy { $0 == 0 || $0 == 1 })
      let fractions = values.signed.map { Double($0 & (1 << Int64(bits) - 1)) / unit }
      let bias = zip(excess, fractions).reduce(0) { $0 + Double($1.0) - $1.1 } / 20_000
      #expect(abs(bias) < 0.022, "\(form)")
    }
  }

  /// A word z fails with probability |z|/2⁶⁴, and is off by 2^(64 − f) then; within five standard deviations.
  @Test(arguments: [Int64(1) << 61, -(1 << 60), 1 << 57, -(1 << 55)], TruncationTests.Form.allCases)
  func largeWordsFailAsForetold(word: Int64, form: TruncationTests.Form) async throws {
    let count = 200_000
    let values = RingTensor(repeating: UInt64(bitPattern: word), shape: [count])
    let results = try await Self.truncated(values, by: 16, form)
    let excess = TruncationTests.excess(results, of: values, by: 16)
    let failed = excess.filter { $0 != 0 && $0 != 1 }
    #expect(failed.allSatisfy { abs(abs($0) - 1 << 48) <= 1 })
    let probability = abs(Double(word)) * 0x1p-64
    let mean = probability * Double(count)
    #expect(abs(Double(failed.count) - mean) < 5 * mean.squareRoot(), "\(failed.count) of \(mean)")
  }

  /// A graph whose product is as large as its bounds say: the plan's probability, from the bounds, against measured failures.
  @Test func planStatesTheProbability() async throws {
    let (count, fractionBits, value) = (100_000, 20, Float(1 << 8))
    @Sendable func graph(_ count: Int) -> Graph {
      let builder = GraphBuilder()
      return builder.build([builder.input("x", [count, 2]) * builder.input("w", [count, 2])])
    }
    let magnitudes = [Double(value), Double(value), Double(value) * Double(value)]
    func plan(_ count: Int, _ options: ReplicatedOptions) async throws -> SecurePlan {
      try await SecurePlan.query(
        graph(count), dataInput: "x", fractionBits: fractionBits, magnitudes: magnitudes,
        costs: ReplicatedCosts(options))
    }
    let few = try await plan(50, Self.options)
    // A word is 2¹⁶ · 2⁴⁰.
    #expect(few.failureProbability == 100 * 0x1p-8)
    #expect(few.layers.compactMap(\.failureProbability) == [100 * 0x1p-8])
    #expect(few.layers.first { $0.operation == "truncate" }?.rounds == 2)
    #expect(try await plan(count, Self.options).failureProbability == 1)
    #expect(try await plan(50, ReplicatedOptions()).failureProbability == 0)
    await #expect(throws: SharingError.boundsMissing) {
      try await SecurePlan.query(
        graph(1), dataInput: "x", fractionBits: fractionBits, costs: ReplicatedCosts(Self.options))
    }
    let word = UInt64(value) << UInt64(fractionBits)
    let inputs = [RingTensor](repeating: RingTensor(repeating: word, shape: [count, 2]), count: 2)
    let result = try await evaluateReplicated(inputs, options: Self.options) { scheme, shares in
      try await SecureEngine(scheme, fractionBits: fractionBits, magnitudes: magnitudes)
        .run(graph(count), inputs: ["x": shares[0], "w": shares[1]])
    }
    let exact = Int64(value) * Int64(value) << Int64(fractionBits)
    let failed = result.values[0].signed.count { abs($0 - exact) > 1 }
    let mean = few.failureProbability * Double(2 * count) / 100
    #expect(abs(Double(failed) - mean) < 5 * mean.squareRoot(), "\(failed) of \(mean)")
  }
}
