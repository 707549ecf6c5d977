import Arithmetic
import CKernels
public import Tensors

/// How an owner outside the parties shares tensors among them.
///
/// All parties but the last are sent a key each, of which their summands are the keystream; the last is sent what is
/// missing: 8 bytes a scalar and 16 for each key, one message latency.
public enum AdditiveSharing {
  static let keyByteCount = 16

  /// What the owner sends to one party.
  public struct Parcel: Sendable {
    package var key: [UInt8]
    package var words: [UInt64]

    package init(key: [UInt8], words: [UInt64]) {
      self.key = key
      self.words = words
    }

    /// Payload bytes.
    package var byteCount: Int { key.count + 8 * words.count }
  }

  static func byteCount(of count: Int, partyCount: Int) -> Int { 8 * count + (partyCount - 1) * keyByteCount }

  /// Splits tensors into what each party is sent. The order of the tensors is part of the contract.
  public static func parcels(of tensors: [RingTensor], partyCount: Int) -> [Parcel] {
    let keys = (1..<partyCount).map { _ in SecureRandom.bytes(keyByteCount) }
    let count = tensors.reduce(0) { $0 + $1.count }
    var rest: [UInt64] = []
    rest.reserveCapacity(count)
    for tensor in tensors { rest += tensor.scalars }
    for key in keys { ck_u64_sub(count, rest, stream(of: key, count), &rest) }
    return keys.map { Parcel(key: $0, words: []) } + [Parcel(key: [], words: rest)]
  }

  /// A party's shares of the tensors, in the owner's order.
  ///
  /// - Throws: ``SharingError/unexpectedLength(from:expected:received:)`` when the parcel does not fit the shapes.
  public static func unpack(
    _ parcel: Parcel, party: Int, partyCount: Int, shapes: [Shape]
  ) throws -> [AdditiveShare] {
    let count = shapes.reduce(0) { $0 + $1.count }
    let expected = party < partyCount - 1 ? keyByteCount : 8 * count
    guard parcel.byteCount == expected, party == partyCount - 1 || parcel.key.count == expected else {
      throw SharingError.unexpectedLength(from: party, expected: expected, received: parcel.byteCount)
    }
    let words = party < partyCount - 1 ? stream(of: parcel.key, count) : parcel.words
    var offset = 0
    return shapes.map { shape in
      defer { offset += shape.count }
      return AdditiveShare(RingTensor(shape: shape, scalars: Array(words[offset..<offset + shape.count])))
    }
  }

  private static func stream(of key: [UInt8], _ count: Int) -> [UInt64] {
    PseudorandomGenerator(key: key).words(count: count, counterHigh: 0, counterLow: 0)
  }
}

/// A parcel is a share on its way: it does not print.
extension AdditiveSharing.Parcel: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "‹parcel of \(byteCount) bytes›" }
  public var debugDescription: String { description }
  /// Keeps `dump` and debuggers out.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
