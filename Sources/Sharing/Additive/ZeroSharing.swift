import Arithmetic
import CKernels
import Crypto
import Foundation
import Transports

/// Keys that each two parties share, for summands of zero and inputs of a party.
///
/// Each party sends 32 random bytes to each other over the authenticated channel; the key of a pair is HKDF-SHA256 over
/// both contributions, both certificates, the session's name and the protocol version (RFC 5869). Keys are never stored.
/// One round, 32 bytes to each peer.
struct ZeroSharing: Sendable {
  static let contributionByteCount = 32
  static let protocolVersion = "tacit/additive/1"

  private let party: PartyID
  /// The keystream shared with each peer, in their order.
  private let generators: [(peer: PartyID, stream: PseudorandomGenerator)]

  static func agree(over channel: any Channel, session: String) async throws -> ZeroSharing {
    let own = channel.peers.map { ($0, SecureRandom.bytes(contributionByteCount)) }
    let received = try await channel.exchange(own.map { Outgoing($0.1, to: $0.0) }, from: channel.peers)
    var generators: [(PartyID, PseudorandomGenerator)] = []
    for ((peer, mine), theirs) in zip(own, received) {
      guard theirs.count == contributionByteCount else {
        throw SharingError.unexpectedLength(from: peer, expected: contributionByteCount, received: theirs.count)
      }
      let pair = [min(peer, channel.party), max(peer, channel.party)]
      let info = Array("\(protocolVersion)|pair \(pair[0]) \(pair[1])|\(session)|".utf8) + channel.binding(with: peer)
      let key = HKDF<SHA256>.deriveKey(
        inputKeyMaterial: SymmetricKey(data: channel.party < peer ? mine + theirs : theirs + mine), info: Data(info),
        outputByteCount: 16)
      generators.append((peer, key.withUnsafeBytes { PseudorandomGenerator(key: [UInt8]($0)) }))
    }
    return ZeroSharing(party: channel.party, generators: generators)
  }

  init(party: PartyID, generators: [(PartyID, PseudorandomGenerator)]) {
    self.party = party
    self.generators = generators.map { (peer: $0.0, stream: $0.1) }
  }

  /// This party's summand of zero, at a counter that is used once.
  func zero(_ count: Int, counter: UInt64) -> [UInt64] {
    var sum = [UInt64](repeating: 0, count: count)
    for (peer, stream) in generators {
      let words = stream.words(count: count, counterHigh: counter, counterLow: 0)
      if party < peer { ck_u64_add(count, sum, words, &sum) } else { ck_u64_sub(count, sum, words, &sum) }
    }
    return sum
  }

  /// What this party shares with each peer, or with one of them, at a counter that is used once.
  func words(_ count: Int, with peer: PartyID?, counter: UInt64) -> [[UInt64]] {
    generators.filter { peer == nil || $0.peer == peer }
      .map { $0.stream.words(count: count, counterHigh: counter, counterLow: 0) }
  }
}
