import Arithmetic
public import Tensors

/// How an owner outside the parties shares tensors among them, and puts results together.
///
/// Components 0 and 1 of the whole input are keystreams of two fresh keys; component 2 is what is missing. A party is sent
/// a key for each keystream that it holds, and component 2 in full where it holds that: 16 bytes a scalar and four keys
/// in all, one message latency. Parties 0 and 1, 1 and 2, 2 and 0 hold components 0–1, 1–2, 2–0.
public enum InputSharing {
  static let keyByteCount = 16

  /// What the owner sends to one party.
  public struct Parcel: Sendable {
    /// The key of component 0 (parties 0 and 2) or 1 (parties 0 and 1), where the party holds it.
    package var keys: [Int: [UInt8]]
    /// Component 2 of all tensors one after the other, for parties 1 and 2.
    package var words: [UInt64]

    package init(keys: [Int: [UInt8]], words: [UInt64]) {
      self.keys = keys
      self.words = words
    }

    /// Payload bytes.
    package var byteCount: Int { keys.values.reduce(0) { $0 + $1.count } + 8 * words.count }
  }

  /// Words that nobody can guess: what an owner masks an answer with.
  package static func uniform(_ shape: Shape) -> RingTensor {
    RingTensor(shape: shape, scalars: SecureRandom.words(shape.count))
  }

  /// Payload bytes to all parties together.
  static func byteCount(of count: Int) -> Int { 16 * count + 4 * keyByteCount }

  /// Splits tensors into what each of the three parties is sent. The order of the tensors is part of the contract.
  public static func parcels(of tensors: [RingTensor]) -> [Parcel] {
    let keys = [SecureRandom.bytes(keyByteCount), SecureRandom.bytes(keyByteCount)]
    let count = tensors.reduce(0) { $0 + $1.count }
    let components = keys.map { PseudorandomGenerator(key: $0).words(count: count, counterHigh: 0, counterLow: 0) }
    var rest: [UInt64] = []
    rest.reserveCapacity(count)
    for tensor in tensors { rest += tensor.scalars }
    let missing =
      RingTensor(shape: [count], scalars: rest) - RingTensor(shape: [count], scalars: components[0])
      - RingTensor(shape: [count], scalars: components[1])
    return [
      Parcel(keys: [0: keys[0], 1: keys[1]], words: []),
      Parcel(keys: [1: keys[1]], words: missing.scalars),
      Parcel(keys: [0: keys[0]], words: missing.scalars),
    ]
  }

  /// A party's shares of the tensors, in the owner's order.
  ///
  /// - Throws: ``SharingError/unexpectedLength(from:expected:received:)`` when the parcel does not fit the shapes.
  public static func unpack(_ parcel: Parcel, party: Int, shapes: [Shape]) throws -> [ReplicatedShare] {
    let count = shapes.reduce(0) { $0 + $1.count }
    let held = [party, (party + 1) % 3]
    let components = try held.map { component -> [UInt64] in
      if component == 2 {
        guard parcel.words.count == count else {
          throw SharingError.unexpectedLength(from: party, expected: 8 * count, received: 8 * parcel.words.count)
        }
        return parcel.words
      }
      guard let key = parcel.keys[component], key.count == keyByteCount else {
        throw SharingError.unexpectedLength(
          from: party, expected: keyByteCount, received: parcel.keys[component]?.count ?? 0)
      }
      return PseudorandomGenerator(key: key).words(count: count, counterHigh: 0, counterLow: 0)
    }
    var offset = 0
    return shapes.map { shape in
      defer { offset += shape.count }
      let range = offset..<offset + shape.count
      return ReplicatedShare(
        first: RingTensor(shape: shape, scalars: Array(components[0][range])),
        second: RingTensor(shape: shape, scalars: Array(components[1][range])))
    }
  }
}

/// A parcel is a share on its way: it does not print.
extension InputSharing.Parcel: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "‹parcel of \(byteCount) bytes›" }
  public var debugDescription: String { description }
  /// Keeps `dump` and debuggers out.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
