/// A channel over sockets, one connection to each peer.
///
/// All its work is done on the thread of its loop, so a round costs least when the protocol runs there too, by
/// ``SocketLoop/run(_:)``.
///
/// `@unchecked Sendable`: the constants are Sendable, and `failure` is touched on the loop's thread only.
public final class SocketChannel: Channel, @unchecked Sendable {
  public let party: PartyID
  /// The loop that drives the connections.
  public let loop: SocketLoop
  private let connections: [FrameConnection?]
  private let bindings: [[UInt8]]
  private let deadline: Duration
  private var failure: ChannelError?

  /// A channel over established connections, at the index of their party; `nil` at this party's own.
  /// On the loop's thread.
  init(party: PartyID, connections: [FrameConnection?], loop: SocketLoop, deadline: Duration) {
    self.party = party
    self.connections = connections
    self.loop = loop
    self.deadline = deadline
    bindings = connections.enumerated().map { peer, connection in
      guard let connection, let theirs = connection.identity?.fingerprint else { return [] }
      let own = connection.ownFingerprint
      return peer < party ? theirs + own : own + theirs
    }
  }

  public var partyCount: Int { connections.count }

  public func binding(with peer: PartyID) -> [UInt8] { bindings.indices.contains(peer) ? bindings[peer] : [] }

  public func send(_ message: Message, to peer: PartyID) async throws(ChannelError) {
    _ = try await exchange([Outgoing(message, to: peer)], from: [])
  }

  public func receive(from peer: PartyID) async throws(ChannelError) -> Message {
    try await loop.onThread { () async throws(ChannelError) in
      try await self.guarded { () async throws(ChannelError) in
        try await self.connection(to: peer).next(within: self.deadline)
      }
    }
  }

  public func exchange(
    _ outgoing: [Outgoing], from sources: [PartyID]
  ) async throws(ChannelError) -> [Message] {
    try await loop.onThread { () async throws(ChannelError) in
      try await self.guarded { () async throws(ChannelError) in
        for item in outgoing { try self.connection(to: item.peer).queue(item.message) }
        for item in outgoing { try self.connection(to: item.peer).pump() }
        var messages: [Message] = []
        messages.reserveCapacity(sources.count)
        for source in sources { messages.append(try await self.connection(to: source).next(within: self.deadline)) }
        return messages
      }
    }
  }

  /// Has `body` called when a connection to some peer is broken.
  public func whenBroken(_ body: @escaping @Sendable () -> Void) async {
    for connection in connections { await connection?.whenBroken(body) }
  }

  public func close() async {
    try? await loop.onThread { () async throws(ChannelError) in
      self.failure = self.failure ?? .closedHere
      for connection in self.connections { await connection?.close() }
    }
  }

  // MARK: On the loop's thread

  /// Makes the first error of any call the error of all later ones.
  private func guarded<Value: Sendable>(
    _ body: () async throws(ChannelError) -> Value
  ) async throws(ChannelError) -> Value {
    if let failure { throw failure }
    do {
      return try await body()
    } catch {
      if let failure { throw failure }
      failure = error
      for connection in connections { connection?.fail(.closedHere) }
      throw error
    }
  }

  private func connection(to peer: PartyID) throws(ChannelError) -> FrameConnection {
    guard connections.indices.contains(peer), let connection = connections[peer] else {
      throw .noSuchPeer(peer, partyCount: partyCount)
    }
    return connection
  }
}
