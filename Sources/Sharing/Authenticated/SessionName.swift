import Arithmetic
import Crypto
import Transports

/// What commitments of a session are bound to, so that none of another session serves.
enum SessionName {
  static let contributionByteCount = 32
  static let protocolVersion = "tacit/spdz/1"

  /// SHA-256 of the protocol's version, the session's name and 32 random bytes of each party. One round.
  static func agree(over channel: any Channel, session: String) async throws -> [UInt8] {
    try await agree(over: channel, session: session, key: []).name
  }

  /// The same, with everybody's public key; a second round makes sure that all have got the same.
  ///
  /// - Throws: ``SharingError/cheating(check:layer:culprit:)`` where they have not: before the session has a name, nobody is named.
  static func agree(
    over channel: any Channel, session: String, signer: Curve25519.Signing.PrivateKey
  ) async throws -> (name: [UInt8], keys: [[UInt8]]) {
    let (name, contributions) = try await agree(
      over: channel, session: session, key: [UInt8](signer.publicKey.rawRepresentation))
    let said = try await channel.exchange(channel.peers.map { Outgoing(name, to: $0) }, from: channel.peers)
    guard said.allSatisfy({ $0 == name }) else { throw SharingError.cheating(check: .agreement, layer: "") }
    return (name, contributions.map { Array($0.dropFirst(contributionByteCount)) })
  }

  private static func agree(
    over channel: any Channel, session: String, key: [UInt8]
  ) async throws -> (name: [UInt8], contributions: [Message]) {
    let own = SecureRandom.bytes(contributionByteCount) + key
    let received = try await channel.exchange(channel.peers.map { Outgoing(own, to: $0) }, from: channel.peers)
    var contributions = received
    for (peer, message) in zip(channel.peers, received) where message.count != own.count {
      throw SharingError.unexpectedLength(from: peer, expected: own.count, received: message.count)
    }
    contributions.insert(own, at: channel.party)
    var hash = SHA256()
    hash.update(data: Array("\(protocolVersion)|\(channel.partyCount)|\(session)|".utf8))
    for contribution in contributions { hash.update(data: contribution) }
    return (Array(hash.finalize()), contributions)
  }
}
