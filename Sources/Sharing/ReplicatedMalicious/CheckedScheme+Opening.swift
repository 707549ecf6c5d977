import Crypto
import Foundation
public import Tensors

/// What leaves the parties.
extension CheckedScheme {
  /// A check and one round, 24 bytes a scalar and 96: the component that a party lacks comes from one who holds it, and its hash
  /// from the other.
  public func open(_ shares: [CheckedShare]) async throws -> [RingTensor] {
    guard shares.contains(where: { $0.shape.count > 0 }) else { return shares.map(\.first) }
    try await check()
    return try await exchangeMissing(shares)
  }

  /// One round, where nothing was multiplied since the last check: as ``open(_:)``, which it is otherwise.
  package func openChecked(_ shares: [CheckedShare]) async throws -> [RingTensor] {
    guard ledger.isEmpty, gates.isEmpty else { return try await open(shares) }
    return try await exchangeMissing(shares)
  }

  private func exchangeMissing(_ shares: [CheckedShare]) async throws -> [RingTensor] {
    var toNext = Outbox()
    var known = SHA256()
    for share in shares {
      toNext.append(share.first.scalars)
      share.second.scalars.withUnsafeBytes { known.update(bufferPointer: $0) }
    }
    let count = toNext.message.count
    var inboxes = try await exchange(
      toNext: toNext, toPrevious: Outbox(Array(known.finalize())), fromNext: Self.digestByteCount, fromPrevious: count)
    var received = SHA256()
    let opened = shares.map { share in
      let missing = RingTensor(shape: share.shape, scalars: inboxes.previous.words(share.shape.count))
      missing.scalars.withUnsafeBytes { received.update(bufferPointer: $0) }
      return share.first + share.second + missing
    }
    guard inboxes.next.bytes(Self.digestByteCount) == Array(received.finalize()) else {
      throw fail(.agreement, layer: "output")
    }
    return opened
  }
}
