import CKernels
import Crypto
import Transports

/// Who made a check fail (`docs/protocols/identify.md`, 3): every party's shares against MACs that the dealer deals only now, pair by
/// pair.
extension AuthenticatedScheme {
  /// How often the parties try: a lie in the highest bits of a word alone passes a trial with a probability of at most 3/4.
  private static let trialCount = 128

  /// Runs a program; where the check of what was opened fails, finds out by whom, and says so. Nothing else of a session may be
  /// run before or after: the program is run once more for each pair of parties, on what was opened.
  ///
  /// Four rounds, or six, and as many again for each further trial; 24 bytes a party, pair and layer and a few hundred besides.
  ///
  /// - Throws: ``SharingError/cheating(check:layer:culprit:)``, or what the program throws.
  package func identifying<Value>(
    _ program: (AuthenticatedScheme) async throws -> Value
  ) async throws -> Value {
    do { return try await program(self) } catch {
      guard let cheat = (error as? SharingError)?.cheat, cheat.culprit == .unknown, identity?.failure != nil
      else {
        throw error
      }
      let found = await search(program)
      let named = SharingError.cheating(
        check: cheat.check, layer: found.layer ?? cheat.layer, culprit: found.culprit)
      verdict = named
      throw named
    }
  }

  /// What the parties' signatures are checked by, in their order; none where cheaters are not named.
  package var publicKeys: [[UInt8]] { identity?.keys ?? [] }

  /// Who it was, and in which layer where that is seen.
  private typealias Found = (culprit: Culprit, layer: String?)

  private func search(_ program: (AuthenticatedScheme) async throws -> some Any) async -> Found {
    verdict = nil
    do {
      for _ in 0..<Self.trialCount {
        checkCount += 1
        let transcript = try await tossCoin().transcript
        for subject in PairSubject.allCases {
          if let found = try await trial(subject, transcript, program) { return found }
        }
      }
      return (.unknown, nil)
    } catch {
      // Who else says nothing has gone, or the dealer has.
      return ((error as? SharingError)?.cheat?.culprit ?? .unknown, nil)
    }
  }

  /// Two rounds: every party answers for its shares to all others, who then show their keys.
  private func trial(
    _ subject: PairSubject, _ transcript: [UInt8], _ program: (AuthenticatedScheme) async throws -> some Any
  ) async throws -> Found? {
    guard let identity, let failure = identity.failure else { return nil }
    func name(_ prover: PartyID, _ verifier: PartyID) -> PairName {
      PairName(
        session: session, keys: keyName, transcript: transcript, prover: prover, verifier: verifier, subject: subject)
    }
    let coin = coin(of: subject, transcript, failure)
    var message = transcript
    for verifier in channel.peers {
      message += try await proof(name(party, verifier), coin, program).flatMap(\.bytes)
    }
    let proofs = try await exchanged(try signed(message, name(party, channel.peers[0]), failure))
    let strangers = channel.peers.filter {
      !PairAnswer.isSigned(
        proofs[$0], of: $0, name($0, party), by: identity.keys[$0], trial: checkCount, failure.name)
    }
    guard strangers.isEmpty else { throw await fail(.signature, .deviated, against: strangers) }
    let differing = proofs.indices.filter { !proofs[$0].starts(with: transcript) }
    guard differing.isEmpty else { throw await fail(.agreement, .differs, against: differing) }
    let keys = try await exchangeKeys(name)
    for prover in channel.peers {
      for verifier in 0..<partyCount where verifier != prover {
        let pair = name(prover, verifier)
        guard let key = keys[verifier][prover] else { continue }
        let expected = try await PairExpectation(
          pair, key, coin, identity.record.events, identity.record.sent[prover], as: party, partyCount: partyCount,
          program)
        let answer = PairAnswer(proofs[prover], to: pair, partyCount: partyCount)
        guard let wrong = answer.firstWrong(key, opening: failure.signed.openings[prover], expected) else { continue }
        accuse(pair, key, proofs[prover], failure)
        return (.party(prover), wrong.layer)
      }
    }
    return nil
  }

  /// The weights that shares are summed with: of a fresh coin, or of the check that failed.
  private func coin(of subject: PairSubject, _ transcript: [UInt8], _ failure: FailedCheck) -> TossedCoin {
    switch subject {
    case .shares: TossedCoin(key: weightsKey(transcript, check: checkCount), transcript: transcript)
    case .sums: failure.coin
    }
  }

  /// This party's sums of tags.
  private func proof(
    _ name: PairName, _ coin: TossedCoin, _ program: (AuthenticatedScheme) async throws -> some Any
  ) async throws -> [OpenedLedger.Sums] {
    guard let identity else { return [] }
    var tags = MACKeys(words: 0, bits: 0)
    if name.subject == .sums {
      let message = try await identity.own.pairs.keyTags(of: name)
      guard message.count == Self.sumByteCount else {
        throw SharingError.wrongCorrections(expected: Self.sumByteCount, received: message.count)
      }
      let sums = OpenedLedger.Sums(message)
      tags = MACKeys(words: sums.words, bits: sums.bits)
    }
    let replay = Replay(identity.record.events, identity.record.sent[party], subject: name.subject) { _, place in
      try await identity.own.pairs.tags(at: place, of: name)
    }
    let scheme = AuthenticatedScheme.replaying(replay, as: party, partyCount: partyCount, keys: tags)
    try await scheme.replay(program)
    let sums = scheme.ledger.sums(coin: coin.weights, keys: tags)
    return name.subject == .shares ? sums : [OpenedLedger.Sums.total(of: sums)]
  }

  /// An answer, signed.
  ///
  /// - Parameter name: of any of this party's answers.
  private func signed(_ message: [UInt8], _ name: PairName, _ failure: FailedCheck) throws -> [UInt8] {
    guard let identity else { return message }
    let label = PairAnswer.label(party, name.subject)
    return message
      + (try identity.own.signer.sign(hash(label, PairAnswer.signedParts(message, name, failure.name))))
  }

  /// One round: everybody's messages of this length, in the order of the parties.
  private func exchanged(_ own: [UInt8]) async throws -> [[UInt8]] {
    var messages = try await broadcast(Outbox(own)).map { inbox in
      var inbox = inbox
      return inbox.bytes(own.count)
    }
    messages.insert(own, at: party)
    return messages
  }

  /// One round: everybody's keys for all others' shares, of no use from now on; by verifier and prover.
  private func exchangeKeys(_ name: (PartyID, PartyID) -> PairName) async throws -> [[PairKey?]] {
    guard let identity else { return [] }
    var own = [PairKey?](repeating: nil, count: partyCount)
    for prover in channel.peers { own[prover] = try await identity.own.pairs.key(for: name(prover, party)) }
    var keys: [[PairKey?]] = []
    var strangers: [PartyID] = []
    for (peer, inbox) in zip(channel.peers, try await broadcast(Outbox(own.flatMap { $0?.bytes ?? [] }))) {
      var inbox = inbox
      var shown = [PairKey?](repeating: nil, count: partyCount)
      for prover in 0..<partyCount where prover != peer {
        let key = PairKey(inbox.bytes(PairKey.signedByteCount))
        if !key.isSigned(for: name(prover, peer), by: identity.own.pairs.publicKey) { strangers.append(peer) }
        shown[prover] = key
      }
      keys.append(shown)
    }
    guard strangers.isEmpty else { throw await fail(.signature, .deviated, against: strangers) }
    keys.insert(own, at: party)
    return keys
  }

  /// Tells what proves it to others, where the accused has signed what it sent.
  private func accuse(_ name: PairName, _ key: PairKey, _ proof: [UInt8], _ failure: FailedCheck) {
    guard let identity, !failure.contradicting.contains(name.prover) else { return }
    let signed = failure.signed
    identity.own.accusing(
      Accusation(
        name: name, partyCount: partyCount, key: key, events: identity.record.events,
        sent: identity.record.sent[name.prover], check: signed.number, statement: signed.statements[name.prover],
        transcript: failure.coin.transcript, opening: signed.openings[name.prover], trial: checkCount, proof: proof))
  }
}
