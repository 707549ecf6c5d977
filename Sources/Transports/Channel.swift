/// The index of a computing party, from 0.
public typealias PartyID = Int

/// What travels in one piece.
public typealias Message = [UInt8]

/// An ordered, reliable pipe of messages to each peer.
///
/// Messages from one peer arrive in the order they were sent; nothing is promised between peers. Every wait has a
/// deadline. A channel that has thrown stays broken: every later call throws the same error, and the peers that wait
/// for this party are told that it is gone.
public protocol Channel: Sendable {
  /// The index of this end.
  var party: PartyID { get }

  /// How many parties there are, this one included.
  var partyCount: Int { get }

  /// Bytes that both ends know and that neither chose alone, to be mixed into session keys: the SHA-256 fingerprints
  /// of both certificates in the order of the parties, or nothing where no certificates are involved.
  func binding(with peer: PartyID) -> [UInt8]

  /// Hands `message` to the transport; returns once it is queued, not once it has arrived.
  func send(_ message: Message, to peer: PartyID) async throws(ChannelError)

  /// The next message from `peer`.
  func receive(from peer: PartyID) async throws(ChannelError) -> Message

  /// One round: queues every message of `outgoing`, then waits for one message from each of `sources`.
  ///
  /// The answer holds the messages in the order of `sources`. All messages are queued before the first wait, so parties
  /// that send to each other first do not wait for each other in a circle, however long the messages are.
  func exchange(_ outgoing: [Outgoing], from sources: [PartyID]) async throws(ChannelError) -> [Message]

  /// Breaks the channel and tells the peers, who may still read what was sent before.
  func close() async
}

/// A message and whom it is for.
public struct Outgoing: Sendable {
  public let peer: PartyID
  public let message: Message

  public init(_ message: Message, to peer: PartyID) {
    self.peer = peer
    self.message = message
  }
}

extension Channel {
  public func exchange(
    _ outgoing: [Outgoing], from sources: [PartyID]
  ) async throws(ChannelError) -> [Message] {
    for item in outgoing { try await send(item.message, to: item.peer) }
    var messages: [Message] = []
    messages.reserveCapacity(sources.count)
    for source in sources { messages.append(try await receive(from: source)) }
    return messages
  }

  /// The other parties, in order.
  public var peers: [PartyID] { (0..<partyCount).filter { $0 != party } }
}
