import CKernels
import Crypto
import Foundation
public import Tensors
public import Transports

/// What comes in. With one party that deviates, whatever it sends makes a valid sharing of something; two rounds with MACs.
extension CheckedScheme {
  /// Shares a value of one of the parties: component `owner` is keystream, the next one what is missing. Two rounds, 8 bytes a
  /// scalar from the owner and 48 for MACs.
  ///
  /// - Parameter value: the words at the owner; not looked at elsewhere.
  public func input(_ value: RingTensor?, of owner: PartyID, shape: Shape) async throws -> CheckedShare {
    let draws = beginOperation()
    let count = shape.count
    let zero = RingTensor(repeating: 0, shape: shape)
    var (first, second) = (zero, zero)
    if party == owner {
      first = RingTensor(shape: shape, scalars: draws.words(.first, 0, count: count))
      second = (value ?? zero) - first
      var outbox = Outbox()
      outbox.append(second.scalars)
      _ = try await exchange(toNext: outbox)
    } else if party == (owner + 1) % 3 {
      var inbox = try await exchange(fromPrevious: 8 * count).previous
      first = RingTensor(shape: shape, scalars: inbox.words(count))
    } else {
      second = RingTensor(shape: shape, scalars: draws.words(.second, 0, count: count))
      _ = try await exchange()
    }
    return try await authenticate([WidePair(first: WideTensor(low: first), second: WideTensor(low: second))])[0]
  }

  /// One round, 48 bytes a scalar: MACs for what an owner outside has shared; whether it sent both holders of each component the
  /// same is part of the next check.
  package func admit(_ shares: [ReplicatedShare]) async throws -> [CheckedShare] {
    for share in shares { components.append(share) }
    return try await authenticate(
      shares.map { WidePair(first: WideTensor(low: $0.first), second: WideTensor(low: $0.second)) })
  }

  /// One round, 24 bytes a scalar, none where there is nothing: the sums of what all parties bring by themselves.
  ///
  /// Party j shares its words as kⱼ and words − kⱼ, its components j and j + 1, where kⱼ is keystream of pair j.
  func shareOwn(_ words: [RingTensor]) async throws -> [WidePair] {
    guard words.contains(where: { $0.count > 0 }) else {
      return words.map {
        let nothing = WideTensor(low: $0)
        return WidePair(first: nothing, second: nothing)
      }
    }
    var outbox = Outbox()
    var parts: [(mask: RingTensor, rest: RingTensor, nextMask: RingTensor)] = []
    for own in words {
      let draws = beginOperation()
      let mask = RingTensor(shape: own.shape, scalars: draws.words(.first, 0, count: own.count))
      let nextMask = RingTensor(shape: own.shape, scalars: draws.words(.second, 0, count: own.count))
      parts.append((mask, own - mask, nextMask))
      outbox.append((own - mask).scalars)
    }
    var inbox = try await exchange(toNext: outbox, fromPrevious: outbox.message.count).previous
    return parts.map { part in
      let theirs = RingTensor(shape: part.mask.shape, scalars: inbox.words(part.mask.count))
      return WidePair(
        first: WideTensor(low: part.mask + theirs), second: WideTensor(low: part.rest + part.nextMask))
    }
  }
}

/// Hashes of what this party holds of all that owners outside have shared: its second components are the next party's first.
struct ComponentDigests {
  private var first = SHA256()
  private var second = SHA256()

  mutating func append(_ share: ReplicatedShare) {
    share.first.scalars.withUnsafeBytes { first.update(bufferPointer: $0) }
    share.second.scalars.withUnsafeBytes { second.update(bufferPointer: $0) }
  }

  var digests: (first: [UInt8], second: [UInt8]) { (Array(first.finalize()), Array(second.finalize())) }
}
