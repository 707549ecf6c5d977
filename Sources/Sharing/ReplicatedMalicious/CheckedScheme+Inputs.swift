import CKernels
import Crypto
import Foundation
public import Tensors
public import Transports

/// What comes in. With one party that deviates, whatever it sends makes a valid sharing of something.
extension CheckedScheme {
  /// Shares a value of one of the parties: component `owner` is keystream, the next one what is missing. One round, 8 bytes a
  /// scalar from the owner.
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
    return CheckedShare(first: first, second: second)
  }

  /// One round, 384 bytes: what an owner outside has shared, if it sent both holders of each component the same. If not, another round,
  /// in which the parties see that all of them saw the same: then the session goes on without these shares.
  ///
  /// - Parameters:
  ///   - others: what else owners have sent of this party's first and second component, as bytes.
  ///   - program: what the shares are for, which the parties have to agree on too.
  /// - Throws: ``SharingError/cheating(check:layer:culprit:)`` of the input, before anything is computed with it; ``isOver`` tells whether the
  ///   session ended.
  package func admit(
    _ shares: [ReplicatedShare], others: (first: [ArraySlice<UInt8>], second: [ArraySlice<UInt8>]) = ([], []),
    for program: String = ""
  ) async throws -> [CheckedShare] {
    let draws = beginOperation()
    let own = (
      first: Self.digest(shares.map(\.first), others.first, salt: draws.words(.first, 0, count: 4), for: program),
      second: Self.digest(shares.map(\.second), others.second, salt: draws.words(.second, 0, count: 4), for: program)
    )
    let message = Outbox(own.first + own.second)
    var inboxes = try await exchange(
      toNext: message, toPrevious: message, fromNext: 2 * Self.digestByteCount,
      fromPrevious: 2 * Self.digestByteCount)
    let next = (first: inboxes.next.bytes(Self.digestByteCount), second: inboxes.next.bytes(Self.digestByteCount))
    let previous = (
      first: inboxes.previous.bytes(Self.digestByteCount), second: inboxes.previous.bytes(Self.digestByteCount)
    )
    // Every party looks at all three components, so that all part here and now.
    guard own.second == next.first, next.second == previous.first, previous.second == own.first else {
      throw await refusal(own, next: next, previous: previous)
    }
    return shares.map { CheckedShare(first: $0.first, second: $0.second) }
  }

  /// One round, 64 bytes: the same error either way, but the session goes on if all parties have seen the same hashes. Then each of them
  /// is here and knows that the others are; who let the shares pass is not, and sends something else.
  private func refusal(
    _ own: (first: [UInt8], second: [UInt8]), next: (first: [UInt8], second: [UInt8]),
    previous: (first: [UInt8], second: [UInt8])
  ) async -> SharingError {
    var seen = [[UInt8]](repeating: [], count: 3)
    (seen[party], seen[self.next], seen[self.previous]) = (
      own.first + own.second, next.first + next.second, previous.first + previous.second
    )
    let view = Array(SHA256.hash(data: Data("refused".utf8) + Data(seen.joined())))
    let message = Outbox(view)
    do {
      var inboxes = try await exchange(
        toNext: message, toPrevious: message, fromNext: Self.digestByteCount, fromPrevious: Self.digestByteCount)
      let others = [inboxes.next.bytes(Self.digestByteCount), inboxes.previous.bytes(Self.digestByteCount)]
      if others.allSatisfy({ $0 == view }) { return .cheating(check: .inputs, layer: "input") }
    } catch {}
    return fail(.inputs, layer: "input")
  }

  /// One round, 24 bytes a scalar, none where there is nothing: the sums of what all parties bring by themselves.
  ///
  /// Party j shares its words as kⱼ and words − kⱼ, its components j and j + 1, where kⱼ is keystream of pair j.
  func shareOwn(_ words: [RingTensor]) async throws -> [CheckedShare] {
    guard words.contains(where: { $0.count > 0 }) else { return words.map { CheckedShare(first: $0, second: $0) } }
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
      return CheckedShare(first: part.mask + theirs, second: part.rest + part.nextMask)
    }
  }

  /// The hash of a component of what an owner outside has shared, which its other holder finds too.
  ///
  /// - Parameter salt: keystream of the component's holders: the third party is sent the hash as well, and must not be able to
  ///   tell a right guess of what is hashed.
  private static func digest(
    _ component: [RingTensor], _ others: [ArraySlice<UInt8>], salt: [UInt64], for program: String
  ) -> [UInt8] {
    var hash = SHA256()
    salt.withUnsafeBytes { hash.update(bufferPointer: $0) }
    hash.update(data: Data("\(program)|\(component.map(\.shape))|\(others.map(\.count))|".utf8))
    for words in component { words.scalars.withUnsafeBytes { hash.update(bufferPointer: $0) } }
    for bytes in others { bytes.withUnsafeBytes { hash.update(bufferPointer: $0) } }
    return Array(hash.finalize())
  }
}
