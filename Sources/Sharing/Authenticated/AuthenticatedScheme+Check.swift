import Arithmetic
import Crypto
import Transports

/// The check of all that was opened since the last one (`docs/protocols/spdz.md`, 4): nothing that depends on opened values
/// leaves the parties before it.
extension AuthenticatedScheme {
  static let digestByteCount = 32
  static let sumByteCount = 24
  /// What a check sends to each peer, round by round.
  static let checkByteCounts = [
    2 * digestByteCount, digestByteCount, 2 * digestByteCount, sumByteCount + digestByteCount,
  ]

  /// Four rounds.
  ///
  /// - Throws: ``SharingError/cheating(check:layer:)``, and again from whatever is called then.
  package func check() async throws {
    checkCount += 1
    let (coin, transcript) = try await tossCoin()
    let sums = ledger.sums(coin: coin, keys: keys)
    let total = sums.reduce(OpenedLedger.Sums()) { .init(words: $0.words &+ $1.words, bits: $0.bits ^ $1.bits) }
    let result = try await openCommitted(total, transcript: transcript)
    guard result == OpenedLedger.Sums() else {
      let check = result.words == 0 ? CheatingCheck.bits : .words
      throw fail(check, layer: await locate(sums, check))
    }
    ledger = OpenedLedger()
  }

  /// Nothing goes on after a check that failed.
  func fail(_ check: CheatingCheck, layer: String = "") -> SharingError {
    let error = SharingError.cheating(check: check, layer: layer)
    verdict = error
    ledger = OpenedLedger()
    return error
  }

  /// Two rounds: all parties' opened values are the same, and a coin that nobody could know when they were opened.
  func tossCoin() async throws -> (coin: PseudorandomGenerator, transcript: [UInt8]) {
    let seed = SecureRandom.bytes(Self.digestByteCount)
    let digest = ledger.digest
    let own = digest + commitment("coin", party, seed)
    var commitments: [[UInt8]] = []
    for inbox in try await broadcast(Outbox(own)) {
      var inbox = inbox
      guard inbox.bytes(Self.digestByteCount) == digest else { throw fail(.agreement) }
      commitments.append(inbox.bytes(Self.digestByteCount))
    }
    var seeds: [[UInt8]] = []
    for ((peer, inbox), promised) in zip(zip(channel.peers, try await broadcast(Outbox(seed))), commitments) {
      var inbox = inbox
      seeds.append(inbox.bytes(Self.digestByteCount))
      guard commitment("coin", peer, seeds[seeds.count - 1]) == promised else { throw fail(.commitment) }
    }
    seeds.insert(seed, at: party)
    let transcript = hash("transcript", seeds)
    return (PseudorandomGenerator(key: Array(hash("weights", seeds).prefix(16))), transcript)
  }

  /// Two rounds: the sum of what all parties had fixed before they saw that of any other.
  private func openCommitted(_ own: OpenedLedger.Sums, transcript: [UInt8]) async throws -> OpenedLedger.Sums {
    let opening = own.bytes + SecureRandom.bytes(Self.digestByteCount)
    var commitments: [[UInt8]] = []
    for inbox in try await broadcast(Outbox(commitment("sums", party, opening) + transcript)) {
      var inbox = inbox
      commitments.append(inbox.bytes(Self.digestByteCount))
      guard inbox.bytes(Self.digestByteCount) == transcript else { throw fail(.agreement) }
    }
    var total = own
    for ((peer, inbox), promised) in zip(zip(channel.peers, try await broadcast(Outbox(opening))), commitments) {
      var inbox = inbox
      let message = inbox.bytes(opening.count)
      guard commitment("sums", peer, message) == promised else { throw fail(.commitment) }
      total.add(message)
    }
    return total
  }

  /// The first layer whose sums are not zero, as far as the parties say; a run that has failed learns nothing else.
  private func locate(_ sums: [OpenedLedger.Sums], _ check: CheatingCheck) async -> String {
    let layers = ledger.layers
    guard let messages = try? await broadcast(Outbox(sums.flatMap(\.bytes))) else { return "" }
    var totals = sums
    for message in messages {
      var inbox = message
      for index in totals.indices { totals[index].add(inbox.bytes(Self.sumByteCount)) }
    }
    let found = totals.firstIndex { check == .bits ? $0.bits != 0 : $0.words != 0 }
    return found.flatMap { layers.indices.contains($0) ? layers[$0] : nil } ?? ""
  }

  private func commitment(_ label: String, _ party: PartyID, _ opening: [UInt8]) -> [UInt8] {
    hash("\(label) \(party)", [opening])
  }

  /// SHA-256, bound to the session and the check.
  private func hash(_ label: String, _ parts: [[UInt8]]) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: session)
    hash.update(data: Array("|\(checkCount)|\(label)|".utf8))
    for part in parts { hash.update(data: part) }
    return Array(hash.finalize())
  }
}

extension OpenedLedger.Sums {
  /// Little-endian.
  fileprivate var bytes: [UInt8] {
    [words.low, words.high, bits].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }

  fileprivate mutating func add(_ bytes: [UInt8]) {
    func word(_ index: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(bytes[8 * index + $1]) << (8 * UInt64($1)) } }
    words &+= UInt128(word(1)) << 64 | UInt128(word(0))
    bits ^= word(2)
  }
}
