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
