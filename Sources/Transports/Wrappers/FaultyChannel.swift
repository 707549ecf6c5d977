import NIOConcurrencyHelpers

/// What goes wrong with one message.
public enum Fault: Hashable, Sendable {
  /// It is sent after a pause.
  case delay(Duration)
  /// It is never sent.
  case drop
  /// It is sent twice.
  case duplicate
  /// One bit of it, chosen by the plan's seed, is turned over.
  case flipBit
  /// Bytes are cut off its end (negative) or zeros are put there (positive).
  case changeLength(by: Int)
  /// The channel is closed instead.
  case cut
}

/// Which of the messages that a party sends suffer which fault.
public struct FaultPlan: Hashable, Sendable {
  /// Faults by the number of the message, counted from 0 over all peers.
  public var faults: [Int: Fault]
  /// Decides which bit is turned over.
  public var seed: UInt64

  public init(_ faults: [Int: Fault], seed: UInt64 = 0) {
    self.faults = faults
    self.seed = seed
  }

  /// Gives each of the first `messageCount` messages one of `candidates` with a probability of `one in rarity`.
  public init(seed: UInt64, messageCount: Int, oneIn rarity: UInt64, of candidates: [Fault]) {
    self.init([:], seed: seed)
    guard !candidates.isEmpty, rarity > 0 else { return }
    for number in 0..<max(0, messageCount) {
      let draw = FaultPlan.draw(seed, UInt64(number))
      if draw % rarity == 0 { faults[number] = candidates[Int(draw / rarity % UInt64(candidates.count))] }
    }
  }

  /// SplitMix64: a public, repeatable choice; nothing secret depends on it.
  static func draw(_ seed: UInt64, _ index: UInt64) -> UInt64 {
    var word = seed &+ (index &+ 1) &* 0x9E37_79B9_7F4A_7C15
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}

/// A channel that fails as planned: for tests of everything that stands on a channel.
public final class FaultyChannel<Base: Channel>: Channel {
  /// The channel that does the work.
  public let base: Base
  private let plan: FaultPlan
  private let sentCount = NIOLockedValueBox(0)

  public init(_ base: Base, plan: FaultPlan) {
    self.base = base
    self.plan = plan
  }

  public var party: PartyID { base.party }
  public var partyCount: Int { base.partyCount }
  public func binding(with peer: PartyID) -> [UInt8] { base.binding(with: peer) }

  public func send(_ message: Message, to peer: PartyID) async throws(ChannelError) {
    let number = sentCount.withLockedValue { count in
      count += 1
      return count - 1
    }
    switch plan.faults[number] {
    case nil: try await base.send(message, to: peer)
    case .delay(let pause):
      try? await Task.sleep(for: pause)
      try await base.send(message, to: peer)
    case .drop: return
    case .duplicate:
      try await base.send(message, to: peer)
      try await base.send(message, to: peer)
    case .flipBit: try await base.send(flippingBit(of: message, number: number), to: peer)
    case .changeLength(let change): try await base.send(changingLength(of: message, by: change), to: peer)
    case .cut:
      await base.close()
      try await base.send(message, to: peer)
    }
  }

  public func receive(from peer: PartyID) async throws(ChannelError) -> Message {
    try await base.receive(from: peer)
  }

  public func close() async { await base.close() }

  private func flippingBit(of message: Message, number: Int) -> Message {
    guard !message.isEmpty else { return message }
    let bit = Int(FaultPlan.draw(~plan.seed, UInt64(number)) % UInt64(message.count * 8))
    var message = message
    message[bit / 8] ^= 1 << (bit % 8)
    return message
  }

  private func changingLength(of message: Message, by change: Int) -> Message {
    change < 0
      ? message.dropLast(min(message.count, -change)) : message + [UInt8](repeating: 0, count: change)
  }
}
