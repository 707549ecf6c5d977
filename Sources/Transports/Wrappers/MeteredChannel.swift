import NIOConcurrencyHelpers

/// What one party has sent, and how often it waited.
public struct Traffic: Hashable, Sendable, Codable {
  /// Messages sent.
  public var messages = 0
  /// Payload bytes sent, without the headers of frames and of TLS.
  public var bytesSent = 0
  /// Calls of ``Channel/exchange(_:from:)``.
  public var rounds = 0

  public init(messages: Int = 0, bytesSent: Int = 0, rounds: Int = 0) {
    self.messages = messages
    self.bytesSent = bytesSent
    self.rounds = rounds
  }

  public static func + (a: Traffic, b: Traffic) -> Traffic {
    Traffic(messages: a.messages + b.messages, bytesSent: a.bytesSent + b.bytesSent, rounds: a.rounds + b.rounds)
  }

  /// What happened between two readings of the same meter.
  public static func - (later: Traffic, earlier: Traffic) -> Traffic {
    Traffic(
      messages: later.messages - earlier.messages, bytesSent: later.bytesSent - earlier.bytesSent,
      rounds: later.rounds - earlier.rounds)
  }
}

/// A channel that counts what passes through it.
public final class MeteredChannel<Base: Channel>: Channel {
  /// The channel that does the work.
  public let base: Base
  private let traffic = NIOLockedValueBox(Traffic())

  public init(_ base: Base) { self.base = base }

  /// What has been sent through this channel so far.
  public var meter: Traffic { traffic.withLockedValue { $0 } }

  public var party: PartyID { base.party }
  public var partyCount: Int { base.partyCount }
  public func binding(with peer: PartyID) -> [UInt8] { base.binding(with: peer) }

  public func send(_ message: Message, to peer: PartyID) async throws(ChannelError) {
    let byteCount = message.count
    try await base.send(message, to: peer)
    traffic.withLockedValue { $0 = $0 + Traffic(messages: 1, bytesSent: byteCount) }
  }

  public func receive(from peer: PartyID) async throws(ChannelError) -> Message {
    try await base.receive(from: peer)
  }

  public func exchange(
    _ outgoing: [Outgoing], from sources: [PartyID]
  ) async throws(ChannelError) -> [Message] {
    let byteCount = outgoing.reduce(0) { $0 + $1.message.count }
    traffic.withLockedValue { $0 = $0 + Traffic(messages: outgoing.count, bytesSent: byteCount, rounds: 1) }
    return try await base.exchange(outgoing, from: sources)
  }

  public func close() async { await base.close() }
}
