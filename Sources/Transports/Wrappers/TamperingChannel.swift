import NIOConcurrencyHelpers

/// How a cheating party deviates in one round.
package enum Tampering: Hashable, Sendable, CaseIterable {
  /// Adds to words modulo 2¹²⁸ what it sends to everybody, and believes it itself.
  case addError
  /// Turns over a bit of what it sends to everybody, and believes it itself.
  case flipBit
  /// Turns over a bit of what it sends to one peer.
  case tellOnePeer
  /// Sends what it sent before.
  case replay
  /// Waits for the others' messages and sends one of them as its own.
  case copy
  /// Leaves out the last byte.
  case shorten
  /// Sends nothing and goes.
  case leave
}

/// The channel of a party that cheats in one round of its choice and is honest before and after: for tests, and for showing what
/// becomes of it.
package final class TamperingChannel: Channel {
  private struct State {
    var round = 0
    var sent: [Message] = []
    /// Whether the chosen round has come.
    var hasCheated = false
  }

  private let base: any Channel
  private let tampering: Tampering?
  private let round: Int
  private let seed: UInt64
  private let state = NIOLockedValueBox(State())

  /// - Parameter tampering: nothing is changed where there is none.
  package init(_ base: any Channel, _ tampering: Tampering?, round: Int, seed: UInt64) {
    self.base = base
    self.tampering = tampering
    self.round = round
    self.seed = seed
  }

  package var party: PartyID { base.party }
  package var partyCount: Int { base.partyCount }
  package var roundCount: Int { state.withLockedValue { $0.round } }
  package var hasCheated: Bool { state.withLockedValue { $0.hasCheated } }
  package func binding(with peer: PartyID) -> [UInt8] { base.binding(with: peer) }
  package func send(_ message: Message, to peer: PartyID) async throws(ChannelError) {
    try await base.send(message, to: peer)
  }
  package func receive(from peer: PartyID) async throws(ChannelError) -> Message { try await base.receive(from: peer) }
  package func close() async { await base.close() }

  package func exchange(_ outgoing: [Outgoing], from sources: [PartyID]) async throws(ChannelError) -> [Message] {
    let honest = outgoing.first?.message ?? []
    let (turn, earlier) = state.withLockedValue { state in
      defer {
        state.round += 1
        state.sent.append(honest)
      }
      return (state.round, state.sent)
    }
    guard let tampering, turn == round, !honest.isEmpty else { return try await base.exchange(outgoing, from: sources) }
    state.withLockedValue { $0.hasCheated = true }
    switch tampering {
    case .addError: return try await deviate(outgoing, from: sources) { self.addingError(to: $0) }
    case .flipBit: return try await deviate(outgoing, from: sources) { self.flippingBit(of: $0) }
    case .tellOnePeer:
      var altered = outgoing
      let place = Int(seed % UInt64(outgoing.count))
      altered[place] = Outgoing(flippingBit(of: outgoing[place].message), to: outgoing[place].peer)
      return try await base.exchange(altered, from: sources)
    case .replay:
      let old = earlier.last { $0.count == honest.count && $0 != honest } ?? flippingBit(of: honest)
      return try await base.exchange(outgoing.map { Outgoing(old, to: $0.peer) }, from: sources)
    case .copy:
      let received = try await base.exchange([], from: sources)
      // A share of a few bits may be another's own.
      let theirs = received.first { $0.count == honest.count && $0 != honest } ?? flippingBit(of: honest)
      _ = try await base.exchange(outgoing.map { Outgoing(theirs, to: $0.peer) }, from: [])
      return received
    case .shorten:
      return try await base.exchange(outgoing.map { Outgoing($0.message.dropLast(), to: $0.peer) }, from: sources)
    case .leave:
      await base.close()
      return try await base.exchange(outgoing, from: sources)
    }
  }

  /// Alters its own message and the first of the others' alike, so that it opens what everybody opens.
  private func deviate(
    _ outgoing: [Outgoing], from sources: [PartyID], _ alter: (Message) -> Message
  ) async throws(ChannelError) -> [Message] {
    var received = try await base.exchange(
      outgoing.map { Outgoing(alter($0.message), to: $0.peer) }, from: sources)
    if let first = received.first, first.count == outgoing[0].message.count { received[0] = alter(first) }
    return received
  }

  private func flippingBit(of message: Message) -> Message {
    var message = message
    let bit = Int(seed % UInt64(8 * message.count))
    message[bit / 8] ^= 1 << UInt8(bit % 8)
    return message
  }

  /// As if the message were one tensor of words.
  private func addingError(to message: Message) -> Message {
    let count = message.count / 16
    guard count > 0 else { return flippingBit(of: message) }
    var message = message
    let place = Int(seed % UInt64(count))
    let error = UInt128(seed | 1) << UInt128(seed % 64)
    let offsets = (0..<16).map { $0 < 8 ? 8 * place + $0 : 8 * (count + place) + $0 - 8 }
    let word = offsets.enumerated().reduce(0 as UInt128) { $0 | UInt128(message[$1.element]) << UInt128(8 * $1.offset) }
    for (index, offset) in offsets.enumerated() {
      message[offset] = UInt8(truncatingIfNeeded: (word &+ error) >> UInt128(8 * index))
    }
    return message
  }
}
