package import Crypto
import Foundation
import NIOConcurrencyHelpers
package import Transports

/// How a cheating party lies to one peer, or to all others, where cheaters are named, under its own valid signature.
package enum SignedLie: Hashable, Sendable, CaseIterable {
  /// What was opened.
  case digest
  /// What it has sent.
  case sentDigest
  /// A seed of the coin, which it opens rightly to each.
  case seed
  /// What names the coin.
  case transcript
  /// Its share of the sum, which it opens rightly to each.
  case sum
  /// What others have committed to.
  case commitments
  /// It calls the session off without a reason.
  case call
  /// The same, and says that another has lied.
  case slander
}

/// The channel of a party that lies so in one check, and is honest but for that. It writes the messages of
/// `docs/protocols/identify.md` by itself.
package final class SigningCheater: Channel {
  private struct State {
    var round = 0
    var session: [UInt8] = []
    /// Statements that went by.
    var check = 0
    /// What was sent the victims instead of a commitment, until it is opened.
    var opening: [UInt8] = []
  }

  private let base: any Channel
  private let lie: SignedLie
  private let check: Int
  private let victims: [PartyID]
  private let signer: Curve25519.Signing.PrivateKey
  private let state = NIOLockedValueBox(State())
  private let seed = [UInt8](repeating: 7, count: 32)

  /// - Parameters:
  ///   - check: how many statements of this party have gone by then, that one included.
  ///   - victims: whom it tells something else than the rest.
  package init(
    _ base: any Channel, _ lie: SignedLie, check: Int, to victims: [PartyID],
    signer: Curve25519.Signing.PrivateKey
  ) {
    self.base = base
    self.lie = lie
    self.check = check
    self.victims = victims
    self.signer = signer
  }

  package var party: PartyID { base.party }
  package var partyCount: Int { base.partyCount }
  package func binding(with peer: PartyID) -> [UInt8] { base.binding(with: peer) }
  package func send(_ message: Message, to peer: PartyID) async throws(ChannelError) {
    try await base.send(message, to: peer)
  }
  package func receive(from peer: PartyID) async throws(ChannelError) -> Message { try await base.receive(from: peer) }
  package func close() async { await base.close() }

  package func exchange(_ outgoing: [Outgoing], from sources: [PartyID]) async throws(ChannelError) -> [Message] {
    let told = outgoing.first.map { lied($0.message) }
    let sent = outgoing.map { item in
      victims.contains(item.peer) ? Outgoing(told ?? item.message, to: item.peer) : item
    }
    return try await base.exchange(sent, from: sources)
  }

  /// What the victims are told in the place of a message.
  private func lied(_ message: Message) -> Message {
    state.withLockedValue { state in
      defer { state.round += 1 }
      if state.round == 1 { state.session = message }
      if isStatement(message, state) {
        state.check += 1
        guard state.check == check else { return message }
        return statement(message, state)
      }
      guard state.check == check else { return message }
      switch (lie, message.count) {
      case (.seed, 32): return seed
      case (.transcript, 64): return Self.flipped(message, 63)
      case (.sum, 64):
        let body = Self.flipped([UInt8](repeating: 0, count: 56), 1)
        let signed = Self.hash(
          state.session, "\(state.check)|opening \(party)", [Array(message.suffix(32)), body])
        state.opening = body + Self.signature(signed, signer)
        return Self.hash(state.session, "\(state.check)|sums \(party)", [state.opening]) + message.suffix(32)
      case (.sum, 152): return state.opening + message.suffix(32)
      case (.commitments, 152): return Self.flipped(message, 151)
      // Instead of the share of the sum.
      case (.call, 152), (.slander, 152): return testimony(state)
      default: return message
      }
    }
  }

  private func isStatement(_ message: Message, _ state: State) -> Bool {
    guard message.count == 160 else { return false }
    let body = Array(message.prefix(96))
    return signer.publicKey.isValidSignature(
      Data(message.suffix(64)),
      for: Data(Self.hash(state.session, "\(state.check + 1)|statement \(party)", [body])))
  }

  private func statement(_ message: Message, _ state: State) -> Message {
    var body = Array(message.prefix(96))
    switch lie {
    case .digest: body = Self.flipped(body, 0)
    case .sentDigest: body = Self.flipped(body, 64)
    case .seed:
      body.replaceSubrange(32..<64, with: Self.hash(state.session, "\(state.check)|coin \(party)", [seed]))
    case .transcript, .sum, .commitments, .call, .slander: return message
    }
    return body + Self.signature(Self.hash(state.session, "\(state.check)|statement \(party)", [body]), signer)
  }

  private func testimony(_ state: State) -> Message {
    var claims = [UInt8](repeating: 0, count: partyCount)
    if lie == .slander { claims[(party + 1) % partyCount] = 1 }
    return Self.hash(state.session, "0|settling", []) + [UInt8](repeating: 0, count: 8 + 280 * partyCount) + claims
  }

  private static func flipped(_ message: [UInt8], _ place: Int) -> [UInt8] {
    var message = message
    message[place] ^= 1
    return message
  }

  private static func hash(_ session: [UInt8], _ label: String, _ parts: [[UInt8]]) -> [UInt8] {
    Array(SHA256.hash(data: session + Array("|\(label)|".utf8) + parts.flatMap { $0 }))
  }

  /// Nothing where the library cannot sign, which honest parties take for a wrong signature.
  private static func signature(_ message: [UInt8], _ signer: Curve25519.Signing.PrivateKey) -> [UInt8] {
    (try? signer.signature(for: Data(message))).map { [UInt8]($0) } ?? [UInt8](repeating: 0, count: 64)
  }
}
