import Arithmetic
import Crypto
import Transports

/// Coins: what nobody could know before both others had all that it had to send.
extension CheckedScheme {
  /// One round: a coin from a word of each component, which a party gets in two halves, one from each of its holders.
  ///
  /// A party shows its halves when it has all messages of the rounds before: who lacks a component needs both others for
  /// it. Whether all have the same coin is compared with the next message or by ``confirm()``.
  func toss() async throws -> CheckCoin {
    let draws = beginOperation()
    let (first, second) = (draws.words(.first, 0, count: 4), draws.words(.second, 0, count: 4))
    var (toNext, toPrevious) = (Outbox(), Outbox())
    toNext.append(Array(first[..<2]))
    toPrevious.append(Array(second[2...]))
    var inboxes = try await exchange(
      toNext: toNext, toPrevious: toPrevious, fromNext: Self.halfByteCount, fromPrevious: Self.halfByteCount)
    var parts = [[UInt64]](repeating: [], count: 3)
    parts[previous] = inboxes.previous.words(2) + inboxes.next.words(2)
    parts[party] = first
    parts[next] = second
    lastCoin = Self.digest("compare", parts)
    let key = Self.digest("coin", parts).prefix(PseudorandomGenerator.keyByteCount)
    return CheckCoin(generator: PseudorandomGenerator(key: Array(key)), mask: challengeMask)
  }

  private static func digest(_ purpose: String, _ parts: [[UInt64]]) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: Array(purpose.utf8))
    for part in parts { part.withUnsafeBytes { hash.update(bufferPointer: $0) } }
    return Array(hash.finalize())
  }

  /// One round: whether all parties had the last coin alike.
  func confirm() async throws {
    let coin = Outbox(lastCoin)
    var inboxes = try await exchange(
      toNext: coin, toPrevious: coin, fromNext: Self.digestByteCount, fromPrevious: Self.digestByteCount)
    try compare(inboxes.next.bytes(Self.digestByteCount), inboxes.previous.bytes(Self.digestByteCount))
  }

  func compare(_ next: [UInt8], _ previous: [UInt8]) throws {
    guard next == lastCoin, previous == lastCoin else { throw fail(.agreement) }
  }
}
