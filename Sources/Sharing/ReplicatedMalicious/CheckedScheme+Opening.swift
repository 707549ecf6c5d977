import Crypto
import Foundation
public import Tensors

/// What leaves the parties.
extension CheckedScheme {
  /// A check and one round, 24 bytes a scalar and 96: the component that a party lacks comes from one who holds it, and its hash
  /// from the other. Only low halves are sent.
  public func open(_ shares: [CheckedShare]) async throws -> [RingTensor] {
    let lows = shares.map { (first: $0.value.first.low, second: $0.value.second.low) }
    guard shares.contains(where: { $0.shape.count > 0 }) else { return lows.map(\.first) }
    try await check()
    var toNext = Outbox()
    var known = SHA256()
    for low in lows {
      toNext.append(low.first.scalars)
      low.second.scalars.withUnsafeBytes { known.update(bufferPointer: $0) }
    }
    let count = toNext.message.count
    var inboxes = try await exchange(
      toNext: toNext, toPrevious: Outbox(Array(known.finalize())), fromNext: Self.digestByteCount, fromPrevious: count)
    var received = SHA256()
    let opened = lows.map { low in
      let missing = RingTensor(shape: low.first.shape, scalars: inboxes.previous.words(low.first.count))
      missing.scalars.withUnsafeBytes { received.update(bufferPointer: $0) }
      return low.first + low.second + missing
    }
    guard inboxes.next.bytes(Self.digestByteCount) == Array(received.finalize()) else {
      throw fail(.agreement, layer: "output")
    }
    return opened
  }
}
