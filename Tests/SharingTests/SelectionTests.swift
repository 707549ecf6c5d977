import Arithmetic
import Sharing
import Tensors
import TestSupport
import Testing

/// Bits times values and bits as values are exact for all words. Oracle: the same on plain words.
@Suite struct SelectionTests {
  @Test(arguments: ShareForm.allCases)
  func hundredThousandWordsAreExact(shares: ShareForm) async throws {
    var generator = SeedTree(seed: 6).generator()
    let signs = generator.words([100_000])
    let values = generator.words([100_000])
    let results = try await evaluateReplicated([signs, values], form: shares) { scheme, shares in
      let bits = try await scheme.negative(shares[0], width: 64)
      return [
        try await scheme.convert(bits), try await scheme.multiply(bits, shares[1]),
        try await scheme.multiply(scheme.not(bits), shares[0]),
      ]
    }.values
    let isNegative = signs.signed.map { $0 < 0 }
    #expect(mismatchCount(results[0].signed, isNegative.map { $0 ? 1 : 0 }) == 0)
    #expect(mismatchCount(results[1].signed, zip(isNegative, values.signed).map { $0 ? $1 : 0 }) == 0)
    #expect(mismatchCount(results[2].signed, signs.signed.map { max($0, 0) }) == 0)
  }

  @Test(arguments: ShareForm.allCases)
  func awkwardSizesAreExact(shares: ShareForm) async throws {
    var generator = SeedTree(seed: 7).generator()
    let inputs = awkwardSizes.flatMap { [generator.words([$0]), generator.words([$0])] }
    let results = try await evaluateReplicated(inputs, form: shares) { scheme, shares in
      var results: [ReplicatedShare] = []
      for index in stride(from: 0, to: shares.count, by: 2) {
        let (x, y) = (shares[index], shares[index + 1])
        let (first, second) = (try await scheme.negative(x, width: 64), try await scheme.negative(y, width: 64))
        results.append(try await scheme.multiply(first, y))
        results.append(try await scheme.convert(scheme.exclusiveOr(first, scheme.not(second))))
      }
      return results
    }.values
    for index in stride(from: 0, to: inputs.count, by: 2) {
      let (x, y) = (inputs[index].signed, inputs[index + 1].signed)
      #expect(mismatchCount(results[index].signed, zip(x, y).map { $0 < 0 ? $1 : 0 }) == 0, "\(x.count) scalars")
      #expect(
        mismatchCount(results[index + 1].signed, zip(x, y).map { ($0 < 0) != ($1 >= 0) ? 1 : 0 }) == 0,
        "\(x.count) scalars")
    }
  }

  @Test(arguments: ShareForm.allCases)
  func awkwardSizesAreTakenApartExactly(shares: ShareForm) async throws {
    var generator = SeedTree(seed: 9).generator()
    let inputs = awkwardSizes.map { generator.words([$0]) }
    let results = try await evaluateReplicated(inputs, form: shares) { scheme, shares in
      var results: [ReplicatedShare] = []
      for share in shares {
        let bits = try await scheme.decompose(share, width: 33)
        results += try await scheme.weightedSums(bits, tables: [(0..<33).map { 1 << UInt64($0) }])
        results.append(try await scheme.convert(try await scheme.and([(bits[32], bits[3])])[0]))
      }
      return results
    }.values
    for (index, input) in inputs.enumerated() {
      let low = input.scalars.map { $0 & 0x1_FFFF_FFFF }
      #expect(mismatchCount(results[2 * index].scalars, low) == 0, "\(input.count) scalars")
      #expect(mismatchCount(results[2 * index + 1].scalars, low.map { $0 >> 32 & $0 >> 3 & 1 }) == 0)
    }
  }

  /// Every order of four rows turns up as often as any other: chi-square with 23 degrees of freedom.
  @Test func ordersAreEquallyLikely() async throws {
    let results = try await evaluateReplicated([RingTensor(signed: [0, 1, 2, 3])]) { scheme, shares in
      var results: [ReplicatedShare] = []
      for _ in 0..<2400 { results.append(try await scheme.shuffle(shares)[0]) }
      return results
    }.values
    let counts = Dictionary(grouping: results, by: \.scalars).mapValues(\.count)
    let statistic = counts.values.reduce(0.0) { $0 + (Double($1) - 100) * (Double($1) - 100) / 100 }
    #expect(counts.count == 24)
    // Exceeded by chance once in 10⁹ runs: keys of a session are fresh.
    #expect(statistic < 86)
  }

  @Test(arguments: [0..<0, 0..<1, 3..<70, 64..<128, 63..<1600, 1599..<1600, 0..<1600])
  func bitsCanBeSliced(range: Range<Int>) async throws {
    var generator = SeedTree(seed: 8).generator()
    let values = generator.words([40, 40])
    let results = try await evaluateReplicated([values]) { scheme, shares in
      let bits = try await scheme.negative(shares[0], width: 64)
      let part = scheme.slice(bits, range)
      return [
        try await scheme.convert(part),
        try await scheme.multiply(part, scheme.constant(RingTensor(repeating: 7, shape: [range.count]))),
        try await scheme.convert(scheme.reshape(bits, to: [1600])),
      ]
    }.values
    let expected = values.signed.map { $0 < 0 ? Int64(1) : 0 }
    #expect(mismatchCount(results[0].signed, Array(expected[range])) == 0)
    #expect(mismatchCount(results[1].signed, expected[range].map { 7 * $0 }) == 0)
    #expect(mismatchCount(results[2].signed, expected) == 0)
  }
}
