import Arithmetic
import Sharing
import Tensors
import TestSupport
import Testing

/// Sizes around words of bits, keystream blocks and the threshold from which roles rotate.
let awkwardSizes = [0, 1, 2, 63, 64, 65, 127, 128, 129, 1000, 1535, 1536, 1537, 1600, 2049, 4000]

/// Oracle: the sign of the signed number.
@Suite struct ComparisonTests {
  static func edges(width: Int) -> [Int64] {
    let top = Int64.max >> Int64(64 - width)
    return [-top - 1, top, 0, -1, 1, -top, top - 1, top / 2, -top / 2, top / 2 + 1]
  }

  @Test(arguments: [24, 32, 64], ShareForm.allCases)
  func signsAreExact(width: Int, shares: ShareForm) async throws {
    var generator = SeedTree(seed: 4).child(width).generator()
    let inputs = awkwardSizes.map { size -> RingTensor in
      var values = generator.words([size], bits: width - 1).signed
      for (index, edge) in zip(values.indices, Self.edges(width: width)) { values[index] = edge }
      return RingTensor(signed: values)
    }
    let results = try await evaluateReplicated(inputs, form: shares) { scheme, shares in
      var signs: [ReplicatedShare] = []
      for share in shares { signs.append(try await scheme.convert(try await scheme.negative(share, width: width))) }
      return signs
    }
    for (input, result) in zip(inputs, results.values) {
      #expect(mismatchCount(result.signed, input.signed.map { $0 < 0 ? 1 : 0 }) == 0, "\(input.count) scalars")
    }
  }

  /// Every width, odd trees included.
  @Test func everyWidthIsExact() async throws {
    var generator = SeedTree(seed: 5).generator()
    let inputs = (2...64).map { width in
      RingTensor(signed: Self.edges(width: width) + generator.words([60], bits: width - 1).signed)
    }
    let results = try await evaluateReplicated(inputs) { scheme, shares in
      var signs: [ReplicatedShare] = []
      for (index, share) in shares.enumerated() {
        signs.append(try await scheme.convert(try await scheme.negative(share, width: index + 2)))
      }
      return signs
    }
    for (input, result) in zip(inputs, results.values) {
      #expect(mismatchCount(result.signed, input.signed.map { $0 < 0 ? 1 : 0 }) == 0)
    }
  }
}
