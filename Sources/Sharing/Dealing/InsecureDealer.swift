package import Arithmetic
package import Transports

/// Additive sessions whose keys are known in advance, for replays and tests of views only.
///
/// Whoever knows the keys can reconstruct every secret. No flag, job key or public initialiser reaches this type.
package enum InsecureDealer {
  /// Words that a party took from its key for a program.
  package struct Draw: Hashable, Sendable {
    package let program: String
    package let high: UInt64
    package let blocks: Range<UInt64>
  }

  private static func master(party: PartyID, seed: UInt8) -> [UInt8] {
    [UInt8](repeating: seed, count: 15) + [UInt8(party)]
  }

  /// A party's keystream for a program in the sessions with this seed.
  package static func generator(party: PartyID, seed: UInt8, program: String) -> PseudorandomGenerator {
    DealtKeys.generator(master: master(party: party, seed: seed), program: program)
  }

  /// The dealer of the sessions with this seed.
  package static func dealer(partyCount: Int, seed: UInt8) -> Dealer {
    Dealer(masters: (0..<partyCount).map { master(party: $0, seed: seed) })
  }

  /// A party of a session with keys that are made from `seed` alone; `observer` is told of every draw from the dealer's key,
  /// `recorder` of every correction that the dealer sends.
  package static func scheme(
    over channel: any Channel, seed: UInt8, recorder: (@Sendable (Message) -> Void)? = nil,
    observer: (@Sendable (Draw) -> Void)? = nil
  ) -> AdditiveScheme {
    let dealer = dealer(partyCount: channel.partyCount, seed: seed)
    let zeros = channel.peers.map { peer in
      let pair = [UInt8(min(peer, channel.party)), UInt8(max(peer, channel.party))]
      return (peer, PseudorandomGenerator(key: [UInt8](repeating: seed ^ 0xFF, count: 14) + pair))
    }
    var translation: DealtDraws.Observer?
    if let observer {
      translation = { program, high, blocks in observer(Draw(program: program, high: high, blocks: blocks)) }
    }
    return AdditiveScheme(
      channel: channel,
      source: RecordingSource(base: MemoryDealing(dealer: dealer, party: channel.party), recorder: recorder),
      master: dealer.key(ofParty: channel.party), zeros: ZeroSharing(party: channel.party, generators: zeros),
      observer: translation)
  }
}

extension InsecureDealer {
  /// The same for shares with MACs; the session has no name.
  package static func authenticatedScheme(
    over channel: any Channel, seed: UInt8, recorder: (@Sendable (Message) -> Void)? = nil,
    observer: (@Sendable (Draw) -> Void)? = nil
  ) -> AuthenticatedScheme {
    let dealer = Dealer(
      masters: (0..<channel.partyCount).map { master(party: $0, seed: seed) }, form: .authenticated)
    var translation: DealtDraws.Observer?
    if let observer {
      translation = { program, high, blocks in observer(Draw(program: program, high: high, blocks: blocks)) }
    }
    return AuthenticatedScheme(
      channel: channel,
      source: RecordingSource(base: MemoryDealing(dealer: dealer, party: channel.party), recorder: recorder),
      master: dealer.key(ofParty: channel.party), session: [], observer: translation)
  }
}

/// Tells of every correction.
private struct RecordingSource: CorrelationSource {
  let base: MemoryDealing
  let recorder: (@Sendable (Message) -> Void)?

  func key() -> [UInt8] { base.key() }

  func corrections(for demand: Demand, at place: DealtPlace) -> ArraySlice<UInt8> {
    let message = base.corrections(for: demand, at: place)
    recorder?(Message(message))
    return message
  }
}
