import NIOConcurrencyHelpers
public import Transports

/// A channel that keeps a copy of every message its party receives: the party's view of a protocol.
public final class RecordingChannel: Channel {
  private let base: any Channel
  private let received = NIOLockedValueBox<[Message]>([])

  public init(_ base: any Channel) { self.base = base }

  /// The messages since the last call, in the order they were read.
  public func takeMessages() -> [Message] {
    received.withLockedValue { messages in
      defer { messages = [] }
      return messages
    }
  }

  public var party: PartyID { base.party }
  public var partyCount: Int { base.partyCount }
  public func binding(with peer: PartyID) -> [UInt8] { base.binding(with: peer) }

  public func send(_ message: Message, to peer: PartyID) async throws(ChannelError) {
    try await base.send(message, to: peer)
  }

  public func receive(from peer: PartyID) async throws(ChannelError) -> Message {
    let message = try await base.receive(from: peer)
    received.withLockedValue { $0.append(message) }
    return message
  }

  public func close() async { await base.close() }
}
