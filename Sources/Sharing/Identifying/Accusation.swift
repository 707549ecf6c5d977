package import Transports

/// What proves to anybody who knows the program and the keys of parties and dealer that a party has opened something else than its
/// shares, or lied in a check (`docs/protocols/identify.md`, 4). It holds no secret: what was opened is masked, and the keys are of
/// no use any more.
package struct Accusation: Sendable, Codable {
  /// The accused is the prover.
  let name: PairName
  let partyCount: Int
  let key: PairKey
  /// What was opened in the session.
  let events: [OpeningRecord.Event]
  /// What the accused has sent since the check before the one that failed.
  let sent: [OpeningRecord.Sent]
  /// The number of the check that failed, and what the accused signed there.
  let check: UInt64
  let statement: [UInt8]
  let transcript: [UInt8]
  let opening: [UInt8]
  /// The number of the coin that was tossed for the trial, and what the accused answered.
  let trial: UInt64
  let proof: [UInt8]

  package var accused: PartyID { name.prover }

  /// Whether it holds. Takes one run of the program without messages.
  ///
  /// - Parameters:
  ///   - keys: the parties' public keys.
  ///   - dealer: the dealer's.
  ///   - program: what the parties ran; values of inputs do not matter.
  package func holds(
    keys: [[UInt8]], dealer: [UInt8], _ program: (AuthenticatedScheme) async throws -> some Any
  ) async -> Bool {
    let session = name.session
    guard keys.count == partyCount, partyCount > 1, keys.indices.contains(accused),
      keys.indices.contains(name.verifier),
      name.verifier != accused, name.transcript.count == AuthenticatedScheme.digestByteCount,
      transcript.count == AuthenticatedScheme.digestByteCount
    else { return false }
    guard key.isSigned(for: name, by: dealer), isStated(by: keys[accused], session),
      isAnswered(by: keys[accused], session)
    else {
      return false
    }
    let weights = AuthenticatedScheme.hash(
      "weights", [name.subject == .shares ? name.transcript : transcript], session: session,
      check: name.subject == .shares ? trial : check)
    let coin = TossedCoin(key: Array(weights.prefix(16)), transcript: transcript)
    guard
      let expected = try? await PairExpectation(
        name, key, coin, events, sent, as: name.verifier, partyCount: partyCount, program)
    else { return false }
    return PairAnswer(proof, to: name, partyCount: partyCount).firstWrong(key, opening: opening, expected) != nil
  }

  /// The accused has sent this, on top of what was opened.
  private func isStated(by key: [UInt8], _ session: [UInt8]) -> Bool {
    AuthenticatedScheme.isStatement(statement, of: accused, by: key, session: session, check: check)
      && statement.starts(with: OpeningRecord.digest(of: events))
      && AuthenticatedScheme.sentDigest(in: statement) == OpeningRecord.digest(of: sent)
  }

  /// The accused has answered this under this coin about this check, and opened this sum in it.
  private func isAnswered(by key: [UInt8], _ session: [UInt8]) -> Bool {
    let size = AuthenticatedScheme.sumByteCount * (partyCount - 1)
    let body = proof.count - AuthenticatedScheme.digestByteCount - Signature.byteCount
    guard body > 0, body % size == 0, proof.starts(with: name.transcript) else { return false }
    let failed = CheckName(number: check, transcript: transcript)
    return PairAnswer.isSigned(proof, of: accused, name, by: key, trial: trial, failed)
      && AuthenticatedScheme.isOpening(
        opening, of: accused, transcript, by: key, session: session, check: check)
  }
}

extension Accusation: CustomStringConvertible {
  package var description: String { "party \(name.verifier) proves that party \(accused) cheated" }
}
