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
  /// - Throws: ``SharingError/cheating(check:layer:culprit:)``, with the culprit where it is seen at
  ///   once who it was, and again from whatever is called then.
  package func check() async throws {
    if let replay {
      try replay.check()
      ledger.removeAll()
      return
    }
    checkCount += 1
    let coin = try await tossCoin()
    let sums = ledger.sums(coin: coin.weights, keys: keys)
    let openings = try await openCommitted(OpenedLedger.Sums.total(of: sums), transcript: coin.transcript)
    let result = openings.reduce(into: OpenedLedger.Sums()) { $0.add($1) }
    guard result == OpenedLedger.Sums() else {
      let check = result.words == 0 ? CheatingCheck.bits : .words
      let layer = try await locate(sums, check)
      if let identity {
        self.identity?.failure = FailedCheck(
          signed: identity.signed, coin: coin, contradicting: identity.contradicting)
      }
      throw fail(check, layer: layer)
    }
    guard !hasWrongInputs else { throw fail(.inputs, layer: "input") }
    ledger.removeAll()
    identity?.record.pass()
  }

  /// Nothing goes on after a check that failed.
  ///
  /// - Parameter culprit: who this party has seen to deviate, which is said in sessions that name cheaters.
  func fail(_ check: CheatingCheck, layer: String = "", by culprit: Culprit = .unknown) -> SharingError {
    let error = SharingError.cheating(check: check, layer: layer, culprit: culprit)
    verdict = error
    ledger.removeAll()
    return error
  }

  /// Two rounds: all parties' opened values are the same, and a coin that nobody could know when they were opened. Where cheaters
  /// are named, everybody signs what it has sent.
  ///
  /// - Parameter isKept: whether what is made of the coin is part of the record.
  func tossCoin(isKept: Bool = false) async throws -> TossedCoin {
    let seed = SecureRandom.bytes(Self.digestByteCount)
    let digest = identity?.record.digest ?? ledger.digest
    let own = try statement(digest + commitment("coin", party, seed))
    let kind: OpeningRecord.Sent.Kind? = isKept ? .coin : nil
    let sent = identity.map { $0.record.sent.indices.map($0.record.sentDigest) }
    let statements = try await broadcast(Outbox(own), as: kind).map { inbox in
      var inbox = inbox
      return inbox.bytes(own.count)
    }
    if let sent { try await note(statements, own, sent) }
    let differing = zip(channel.peers, statements).filter { !$1.starts(with: digest) }.map(\.0)
    guard differing.isEmpty else { throw await fail(.agreement, .differs, against: differing) }
    var seeds: [[UInt8]] = []
    var breaking: [PartyID] = []
    for ((peer, inbox), promised) in zip(zip(channel.peers, try await broadcast(Outbox(seed), as: kind)), statements) {
      var inbox = inbox
      seeds.append(inbox.bytes(Self.digestByteCount))
      let isHonoured = promised.dropFirst(Self.digestByteCount).starts(
        with: commitment("coin", peer, seeds[seeds.count - 1]))
      if !isHonoured { breaking.append(peer) }
    }
    guard breaking.isEmpty else { throw await fail(.commitment, .deviated, against: breaking) }
    seeds.insert(seed, at: party)
    let transcript = hash("transcript", seeds)
    return TossedCoin(key: weightsKey(transcript, check: checkCount), transcript: transcript)
  }

  /// The key of the weights that a coin stands for.
  func weightsKey(_ transcript: [UInt8], check number: UInt64) -> [UInt8] {
    Array(Self.hash("weights", [transcript], session: session, check: number).prefix(16))
  }

  /// Two rounds: what all parties had fixed before they saw the sum of any other, in their order. Where cheaters are named, the
  /// second one also tells what was promised in the first, so that all honest parties see the same sums, or that they do not.
  private func openCommitted(_ own: OpenedLedger.Sums, transcript: [UInt8]) async throws -> [[UInt8]] {
    let opening = try signedOpening(own.bytes + SecureRandom.bytes(Self.digestByteCount), transcript)
    var commitments = [commitment("sums", party, opening)]
    var differing: [PartyID] = []
    let promises = try await broadcast(Outbox(commitments[0] + transcript))
    for (peer, inbox) in zip(channel.peers, promises) {
      var inbox = inbox
      commitments.append(inbox.bytes(Self.digestByteCount))
      if inbox.bytes(Self.digestByteCount) != transcript { differing.append(peer) }
    }
    guard differing.isEmpty else { throw await fail(.agreement, .differs, against: differing) }
    commitments.insert(commitments.removeFirst(), at: party)
    return try await opened(opening, commitments, transcript: transcript)
  }

  /// One round: the openings of commitments.
  private func opened(_ own: [UInt8], _ commitments: [[UInt8]], transcript: [UInt8]) async throws -> [[UInt8]] {
    let echo = identity == nil ? [] : hash("commitments", commitments)
    var openings: [[UInt8]] = []
    var (breaking, strangers, differing): ([PartyID], [PartyID], [PartyID]) = ([], [], [])
    for (peer, inbox) in zip(channel.peers, try await broadcast(Outbox(own + echo))) {
      var inbox = inbox
      let message = inbox.bytes(own.count)
      if commitment("sums", peer, message) != commitments[peer] { breaking.append(peer) }
      if !isSignedOpening(message, of: peer, transcript) { strangers.append(peer) }
      if inbox.bytes(echo.count) != echo { differing.append(peer) }
      openings.append(message)
    }
    openings.insert(own, at: party)
    guard breaking.isEmpty else { throw await fail(.commitment, .deviated, against: breaking) }
    guard strangers.isEmpty else { throw await fail(.signature, .deviated, against: strangers) }
    identity?.signed.transcript = transcript
    identity?.signed.openings = openings
    guard differing.isEmpty else { throw await fail(.agreement, .differs, against: differing) }
    return openings
  }

  /// The first layer whose sums are not zero, as far as the parties say; a run that has failed learns nothing else.
  ///
  /// - Throws: where another party has called the session off.
  private func locate(_ sums: [OpenedLedger.Sums], _ check: CheatingCheck) async throws -> String {
    let layers = ledger.layers
    var totals = sums
    do {
      for message in try await broadcast(Outbox(sums.flatMap(\.bytes))) {
        var inbox = message
        for index in totals.indices { totals[index].add(inbox.bytes(Self.sumByteCount)) }
      }
    } catch {
      if let verdict { throw verdict }
      return ""
    }
    let found = totals.firstIndex { check == .bits ? $0.bits != 0 : $0.words != 0 }
    return found.flatMap { layers.indices.contains($0) ? layers[$0] : nil } ?? ""
  }

  private func commitment(_ label: String, _ party: PartyID, _ opening: [UInt8]) -> [UInt8] {
    hash("\(label) \(party)", [opening])
  }

  /// SHA-256, bound to the session and the check.
  func hash(_ label: String, _ parts: [[UInt8]]) -> [UInt8] {
    Self.hash(label, parts, session: session, check: checkCount)
  }

  static func hash(_ label: String, _ parts: [[UInt8]], session: [UInt8], check number: UInt64) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: session)
    hash.update(data: Array("|\(number)|\(label)|".utf8))
    for part in parts { hash.update(data: part) }
    return Array(hash.finalize())
  }
}

extension OpenedLedger.Sums {
  static func total(of sums: [OpenedLedger.Sums]) -> OpenedLedger.Sums {
    sums.reduce(OpenedLedger.Sums()) { .init(words: $0.words &+ $1.words, bits: $0.bits ^ $1.bits) }
  }

  /// Little-endian.
  var bytes: [UInt8] { words.low.bytes + words.high.bytes + bits.bytes }

  /// - Precondition: 24 bytes or more.
  init(_ bytes: [UInt8]) {
    self.init(
      words: UInt128(UInt64(bytes: bytes[8..<16])) << 64 | UInt128(UInt64(bytes: bytes[0..<8])),
      bits: UInt64(bytes: bytes[16..<24]))
  }

  mutating func add(_ bytes: [UInt8]) {
    let other = OpenedLedger.Sums(bytes)
    words &+= other.words
    bits ^= other.bits
  }
}
