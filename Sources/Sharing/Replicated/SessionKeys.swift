import Arithmetic
import Crypto
import Foundation
import Transports

/// Agreement on fresh pairwise keys at the start of a session.
///
/// Each party sends 32 random bytes to each neighbour over the authenticated channel; the key of a pair is HKDF-SHA256
/// over both contributions, both certificates, the session's name and the protocol version (RFC 5869). Keys are stored in
/// training checkpoints only. One round, 192 bytes in all.
enum SessionKeys {
  static let contributionByteCount = 32
  static let protocolVersion = "tacit/replicated/1"

  static func agree(over channel: any Channel, session: String) async throws -> SessionSecrets {
    let next = (channel.party + 1) % 3
    let previous = (channel.party + 2) % 3
    let forNext = SecureRandom.bytes(contributionByteCount)
    let forPrevious = SecureRandom.bytes(contributionByteCount)
    let received = try await channel.exchange(
      [Outgoing(forNext, to: next), Outgoing(forPrevious, to: previous)], from: [next, previous])
    for (peer, contribution) in zip([next, previous], received) where contribution.count != contributionByteCount {
      throw SharingError.unexpectedLength(
        from: peer, expected: contributionByteCount, received: contribution.count)
    }
    // Pair j consists of parties j − 1 and j; the contribution of party j − 1 comes first.
    let first = key(
      lower: received[1], upper: forPrevious, pair: channel.party, binding: channel.binding(with: previous), session)
    let second = key(lower: forNext, upper: received[0], pair: next, binding: channel.binding(with: next), session)
    return SessionSecrets(first: first, second: second)
  }

  private static func key(
    lower: [UInt8], upper: [UInt8], pair: Int, binding: [UInt8], _ session: String
  ) -> [UInt8] {
    let info = Array("\(protocolVersion)|pair \(pair)|\(session)|".utf8) + binding
    let key = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: lower + upper), info: Data(info), outputByteCount: 16)
    return key.withUnsafeBytes { [UInt8]($0) }
  }
}

/// The two keys of one party's session: whoever has those of two parties can read everything.
package struct SessionSecrets: Sendable {
  /// Shared with the previous party.
  package var first: [UInt8]
  /// Shared with the next party.
  package var second: [UInt8]

  package init(first: [UInt8], second: [UInt8]) {
    self.first = first
    self.second = second
  }

  var randomness: PairwiseRandomness { randomness(telling: nil) }

  func randomness(telling observer: SessionDraws.Observer?) -> PairwiseRandomness {
    PairwiseRandomness(
      first: PseudorandomGenerator(key: first), second: PseudorandomGenerator(key: second),
      observer: SessionDraws.observer(of: self, telling: observer))
  }
}

extension SessionSecrets: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "‹session keys›" }
  package var debugDescription: String { description }
  /// Keeps `dump` and debuggers out.
  package var customMirror: Mirror { Mirror(self, children: []) }
}
