import Crypto
import Transports

/// What parties sign, so that what one has sent to another can be shown to others (`docs/protocols/identify.md`, 2). Where
/// cheaters are not named, nothing.
extension AuthenticatedScheme {
  /// What is signed at a coin: what was opened since the session began, a commitment, and what the party has sent since the last
  /// check, 32 bytes each; and the signature.
  static let statementByteCount = 3 * digestByteCount + Signature.byteCount
  /// A party's opened sum: the sum, a nonce and the signature.
  static let openingByteCount = sumByteCount + digestByteCount + Signature.byteCount
  /// What naming cheaters adds to the first and the last round of a check: there, a signature and a hash of all commitments.
  static let signingByteCounts = [digestByteCount + Signature.byteCount, 0, 0, Signature.byteCount + digestByteCount]

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
  func note(_ statements: [[UInt8]], _ own: [UInt8], _ sent: [[UInt8]]) async throws {
    guard let keys = identity?.keys else { return }
    var all = statements
    all.insert(own, at: party)
    let strangers = channel.peers.filter {
      !Self.isStatement(all[$0], of: $0, by: keys[$0], session: session, check: checkCount)
    }
    identity?.signed = SignedCheck(number: checkCount, statements: all)
    identity?.contradicting = Set(
      channel.peers.filter { !strangers.contains($0) && Self.sentDigest(in: all[$0]) != sent[$0] })
    guard strangers.isEmpty else { throw await fail(.signature, .deviated, against: strangers) }
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
    guard message.count == openingByteCount else { return false }
    let opening = Array(message.dropLast(Signature.byteCount))
    return Signature.isValid(
      message.suffix(Signature.byteCount),
      of: hash(openingLabel(party), [transcript, opening], session: session, check: number), by: key)
  }
}
