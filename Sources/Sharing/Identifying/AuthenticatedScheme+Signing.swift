import Crypto
import Transports

/// What parties sign, so that what one has sent to another can be shown to others (`docs/protocols/identify.md`, 2). Where
/// cheaters are not named, nothing.
extension AuthenticatedScheme {
  /// What is signed at a coin: what was opened since the session began, a commitment, and what the party has sent since the last
  /// check, 32 bytes each; and the signature.
  static let statementByteCount = 3 * digestByteCount + Signature.byteCount
  /// What naming cheaters adds to the first and the last round of a check.
  static let signingByteCounts = [digestByteCount + Signature.byteCount, 0, 0, Signature.byteCount]

  func statement(_ body: [UInt8]) throws -> [UInt8] {
    guard let identity else { return body }
    let body = body + identity.record.sentDigest(of: party)
    return body + (try identity.own.signer.sign(hash(Self.statementLabel(party), [body])))
  }

  static func statementLabel(_ party: PartyID) -> String { "statement \(party)" }

  static func isStatement(
    _ bytes: [UInt8], of party: PartyID, by key: [UInt8], session: [UInt8], check number: UInt64
  ) -> Bool {
    let split = statementByteCount - Signature.byteCount
    guard bytes.count == statementByteCount else { return false }
    return Signature.isValid(
      bytes[split...],
      of: hash(statementLabel(party), [Array(bytes[..<split])], session: session, check: number), by: key)
  }

  /// Keeps what all others have signed.
  ///
  /// - Parameter sent: the digests of what this party has got from everybody.
  func note(_ statements: [[UInt8]], _ own: [UInt8], _ sent: [[UInt8]]) throws {
    guard let keys = identity?.keys else { return }
    identity?.contradicting = []
    for (peer, statement) in zip(channel.peers, statements) {
      guard Self.isStatement(statement, of: peer, by: keys[peer], session: session, check: checkCount) else {
        throw fail(.signature, by: .party(peer))
      }
      if Self.sentDigest(in: statement) != sent[peer] { identity?.contradicting.insert(peer) }
    }
    var all = statements
    all.insert(own, at: party)
    identity?.statements = all
  }

  static func sentDigest(in statement: [UInt8]) -> [UInt8] {
    Array(statement[2 * digestByteCount..<3 * digestByteCount])
  }

  func signedOpening(_ opening: [UInt8], _ transcript: [UInt8]) throws -> [UInt8] {
    guard let identity else { return opening }
    return opening + (try identity.own.signer.sign(hash(Self.openingLabel(party), [transcript, opening])))
  }

  static func openingLabel(_ party: PartyID) -> String { "opening \(party)" }

  func isSignedOpening(_ message: [UInt8], of peer: PartyID, _ transcript: [UInt8]) -> Bool {
    guard let keys = identity?.keys else { return true }
    return Self.isOpening(message, of: peer, transcript, by: keys[peer], session: session, check: checkCount)
  }

  static func isOpening(
    _ message: [UInt8], of party: PartyID, _ transcript: [UInt8], by key: [UInt8], session: [UInt8],
    check number: UInt64
  ) -> Bool {
    guard message.count == sumByteCount + digestByteCount + Signature.byteCount else { return false }
    let opening = Array(message.dropLast(Signature.byteCount))
    return Signature.isValid(
      message.suffix(Signature.byteCount),
      of: hash(openingLabel(party), [transcript, opening], session: session, check: number), by: key)
  }

  /// One round, after parties turn out to have seen different things: everybody shows what all have signed, and says whom it has
  /// got something else from.
  ///
  /// - Parameter differing: whose values differ from this party's.
  func settle(_ differing: [PartyID]) async -> Culprit {
    guard let identity else { return .unknown }
    let complaints = (0..<partyCount).map { UInt8(identity.contradicting.contains($0) ? 1 : 0) }
    guard let shown = try? await broadcast(Outbox(identity.statements.flatMap { $0 } + complaints)) else {
      return identity.contradicting.min().map(Culprit.party) ?? .unknown
    }
    var disputes: [(by: PartyID, against: PartyID)] = []
    for (peer, inbox) in zip(channel.peers, shown) {
      var inbox = inbox
      for party in 0..<partyCount {
        let other = inbox.bytes(Self.statementByteCount)
        // Two statements of one party about one check.
        if other != identity.statements[party],
          Self.isStatement(other, of: party, by: identity.keys[party], session: session, check: checkCount)
        {
          return .party(party)
        }
      }
      for (party, says) in inbox.bytes(partyCount).enumerated() where says != 0 { disputes.append((peer, party)) }
    }
    if let peer = identity.contradicting.min() { return .party(peer) }
    if let liar = disputes.first(where: { $0.against == party }) { return .party(liar.by) }
    guard disputes.isEmpty else { return .oneOf(Set(disputes.flatMap { [$0.by, $0.against] }).sorted()) }
    // All have been sent the same: who says something else of it lies.
    return differing.first.map(Culprit.party) ?? .unknown
  }
}
