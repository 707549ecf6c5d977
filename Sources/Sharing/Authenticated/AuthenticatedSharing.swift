import Arithmetic
import CKernels
package import Tensors
import Transports

/// How an owner outside shares tensors among parties whose shares have MACs, and how it is answered (`docs/protocols/spdz.md`,
/// 3a): additively modulo 2¹²⁸, with products of all words and a factor that the owner alone knows.
///
/// All parties but the last are sent a key each, the last one 32 bytes a scalar and 48 besides.
package enum AuthenticatedSharing {
  /// Words of one vector in which everything travels: the tensors', the answers' masks and one mask more; their products with
  /// the factor; the factor.
  package static func wordCount(of count: Int) -> Int { 2 * (count + 1) + 1 }

  static func byteCount(of count: Int, partyCount: Int) -> Int {
    16 * wordCount(of: count) + (partyCount - 1) * AdditiveSharing.keyByteCount
  }

  static func parcels(of tensors: [RingTensor], answers: [Shape], partyCount: Int) -> OwnerParcels {
    let masks = answers.map { uniform([$0.count]).reshaped(to: $0) }
    let factor = UInt128(SecureRandom.words(1)[0])
    let values = WideTensor.concatenated(
      tensors.map { WideTensor(low: $0.reshaped(to: [$0.count])) } + masks.map { $0.reshaped(to: [$0.count]) }
        + [uniform([1])], axis: 0)
    let all = WideTensor.concatenated(
      [values, values.scaled(by: factor), WideTensor(repeating: factor, shape: [1])], axis: 0)
    let keys = (1..<partyCount).map { _ in SecureRandom.bytes(AdditiveSharing.keyByteCount) }
    let rest = keys.reduce(all) { $0 - stream(of: $1, $0.count) }
    return OwnerParcels(
      parcels: keys.map { AdditiveSharing.Parcel(key: $0, words: []) }
        + [AdditiveSharing.Parcel(key: [], words: rest.words)],
      masks: masks.map(\.low))
  }

  /// - Throws: ``SharingError/unexpectedLength(from:expected:received:)`` when the parcel does not fit the shapes.
  static func unpack(
    _ parcel: AdditiveSharing.Parcel, party: PartyID, partyCount: Int, shapes: [Shape], answers: [Shape]
  ) throws -> AuthenticatedPiece {
    let count = wordCount(of: (shapes + answers).reduce(0) { $0 + $1.count })
    let isLast = party == partyCount - 1
    let expected = isLast ? 16 * count : AdditiveSharing.keyByteCount
    guard parcel.byteCount == expected, isLast || parcel.key.count == expected else {
      throw SharingError.unexpectedLength(from: party, expected: expected, received: parcel.byteCount)
    }
    let words = isLast ? WideTensor(shape: [count], words: parcel.words) : stream(of: parcel.key, count)
    return AuthenticatedPiece(words: words, shapes: shapes, answers: answers)
  }

  private static func uniform(_ shape: Shape) -> WideTensor {
    WideTensor(shape: shape, words: SecureRandom.words(2 * shape.count))
  }

  private static func stream(of key: [UInt8], _ count: Int) -> WideTensor {
    WideTensor(
      shape: [count], words: PseudorandomGenerator(key: key).words(count: 2 * count, counterHigh: 0, counterLow: 0))
  }
}

/// One party's summands of what an owner outside has shared, before the parties have given it MACs.
package struct AuthenticatedPiece: SecretShare {
  let words: WideTensor
  let shapes: [Shape]
  let answers: [Shape]

  package var shape: Shape { words.shape }
}
