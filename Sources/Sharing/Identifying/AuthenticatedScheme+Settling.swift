import Transports

/// How parties end a session in which one of them has been sent what honest parties do not send, all of them and not that one
/// alone (`docs/protocols/identify.md`, 2).
extension AuthenticatedScheme {
  /// Ends the session for what others have sent in it. Where cheaters are named, all others hear of it, and say what they know.
  func fail(
    _ check: CheatingCheck, _ claim: Testimony.Claim, against peers: [PartyID]
  ) async -> SharingError {
    var claims = [Testimony.Claim](repeating: .none, count: partyCount)
    for peer in peers { claims[peer] = claim }
    return fail(check, by: await settle(claims, having: [:]))
  }

  /// Goes on with nothing where a peer has called the session off in the place of its message.
  ///
  /// - Throws: ``SharingError/cheating(check:layer:culprit:)``.
  func heed(_ messages: [Message]) async throws {
    guard let mark = identity?.mark else { return }
    var heard: [PartyID: Testimony] = [:]
    for (peer, message) in zip(channel.peers, messages) {
      heard[peer] = Testimony(message, mark, partyCount: partyCount)
    }
    guard let caller = heard.keys.min() else { return }
    var claims = [Testimony.Claim](repeating: .none, count: partyCount)
    claims[caller] = .called
    throw fail(.agreement, by: await settle(claims, having: heard))
  }

  /// Tells everybody what this party knows, hears what they know, and concludes who deviated.
  private func settle(_ claims: [Testimony.Claim], having heard: [PartyID: Testimony]) async -> Culprit {
    guard let identity else { return .unknown }
    // Of two parties an honest one knows without a word that it is the other.
    if partyCount == 2 { return .party(channel.peers[0]) }
    var own = Testimony(identity.signed, claims)
    for peer in identity.contradicting { own.claims[peer] = .deviated }
    let heard = await gathered(own.message(identity.mark), identity.mark, having: heard, own.parties(.differs))
    return culprit(own, heard)
  }

  /// Everybody's testimony, in so far as it comes. A peer that has not heard of this before is a message ahead, or two.
  ///
  /// - Parameter first: whose counts most.
  private func gathered(
    _ message: Message, _ mark: [UInt8], having heard: [PartyID: Testimony], _ first: [PartyID]
  ) async -> [PartyID: Testimony] {
    var heard = heard
    do {
      _ = try await channel.exchange(channel.peers.map { Outgoing(message, to: $0) }, from: [])
      for peer in first + channel.peers {
        for _ in 0..<2 where heard[peer] == nil {
          heard[peer] = Testimony(try await channel.receive(from: peer), mark, partyCount: partyCount)
        }
      }
    } catch {
      // Who has gone says nothing any more; what has been heard counts.
    }
    return heard
  }

  private func culprit(_ own: Testimony, _ heard: [PartyID: Testimony]) -> Culprit {
    if let liar = equivocator(own.signed, heard.values.map(\.signed)) { return .party(liar) }
    for claim in [Testimony.Claim.deviated, .differs] {
      // All have been sent the same: who says something else of it lies. Why it does not, its testimony would have shown.
      if let peer = own.parties(claim).first(where: { claim == .deviated || heard[$0] != nil }) { return .party(peer) }
      let disputes = heard.sorted { $0.key < $1.key }.flatMap { peer, testimony in
        testimony.parties(claim).map { (by: peer, against: $0) }
      }
      if let liar = disputes.first(where: { $0.against == party }) { return .party(liar.by) }
      if !disputes.isEmpty { return .oneOf(Set(disputes.flatMap { [$0.by, $0.against] }).sorted()) }
    }
    // Somebody has called the session off for nothing.
    guard let caller = own.parties(.called).first else { return .unknown }
    guard let other = heard[caller]?.parties(.called).first, other != party else { return .party(caller) }
    return .oneOf([caller, other].sorted())
  }

  /// Who has signed two different things of one check.
  private func equivocator(_ own: SignedCheck, _ others: [SignedCheck]) -> PartyID? {
    guard let keys = identity?.keys else { return nil }
    for other in others where other.number == own.number {
      for party in 0..<partyCount {
        let statement = other.statements[party]
        if statement != own.statements[party],
          Self.isStatement(statement, of: party, by: keys[party], session: session, check: own.number)
        {
          return party
        }
        let opening = other.openings[party]
        if own.openings.indices.contains(party), opening != own.openings[party],
          Self.isOpening(opening, of: party, own.transcript, by: keys[party], session: session, check: own.number)
        {
          return party
        }
      }
    }
    return nil
  }
}
