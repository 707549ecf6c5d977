import Arithmetic
import Crypto
import Transports

/// What commitments of a session are bound to, so that none of another session serves.
enum SessionName {
  static let contributionByteCount = 32
  static let protocolVersion = "tacit/spdz/1"

  /// SHA-256 of the protocol's version, the session's name and 32 random bytes of each party. One round.
  static func agree(over channel: any Channel, session: String) async throws -> [UInt8] {
    let own = SecureRandom.bytes(contributionByteCount)
    let received = try await channel.exchange(channel.peers.map { Outgoing(own, to: $0) }, from: channel.peers)
    var contributions = received
    for (peer, message) in zip(channel.peers, received) where message.count != contributionByteCount {
      throw SharingError.unexpectedLength(from: peer, expected: contributionByteCount, received: message.count)
    }
    contributions.insert(own, at: channel.party)
    var hash = SHA256()
    hash.update(data: Array("\(protocolVersion)|\(channel.partyCount)|\(session)|".utf8))
    for contribution in contributions { hash.update(data: contribution) }
    return Array(hash.finalize())
  }
}
