/// Where a party listens and which certificate it must show.
public struct PeerAddress: Hashable, Sendable {
  public let host: String
  public let port: Int
  /// The SHA-256 of its certificate; `nil` leaves the judgement to the TLS settings alone.
  public let fingerprint: [UInt8]?

  public init(host: String, port: Int, fingerprint: [UInt8]? = nil) {
    self.host = host
    self.port = port
    self.fingerprint = fingerprint
  }

  var name: String { joined(host: host, port: port) }
}

/// Forms the connections among the parties of one session into a channel.
///
/// A party dials those of lower index and waits for those of higher index. Their connections arrive at a listener that
/// may serve others too: whoever accepts them reads the first frame and, if it is a ``MeshHello`` of this session,
/// calls ``offer(_:_:)``.
public final class MeshBuilder: Sendable {
  public let party: PartyID
  public let session: [UInt8]
  private let peers: [PeerAddress]
  private let loop: SocketLoop
  private let protection: Protection
  private let limits: ConnectionLimits
  private let deadline: Duration
  /// Connections that were offered, by party. A newer one takes the place of an older: its caller has given that up.
  private let offers: [(stream: AsyncStream<FrameConnection>, entry: AsyncStream<FrameConnection>.Continuation)]

  /// A builder for party number `party` of `peers`, in the order of the parties and with itself among them.
  ///
  /// `deadline` is how long the finished channel waits for a message.
  public init(
    party: PartyID, peers: [PeerAddress], session: [UInt8], loop: SocketLoop, protection: Protection,
    limits: ConnectionLimits = ConnectionLimits(), deadline: Duration = .seconds(60)
  ) {
    self.party = party
    self.peers = peers
    self.session = session
    self.loop = loop
    self.protection = protection
    self.limits = limits
    self.deadline = deadline
    offers = peers.map { _ in
      let (stream, entry) = AsyncStream.makeStream(of: FrameConnection.self)
      return (stream, entry)
    }
  }

  /// Takes over an accepted connection whose first frame was `hello`, and answers it.
  ///
  /// A connection that does not belong here is closed and the error says why.
  public func offer(_ connection: FrameConnection, _ hello: MeshHello) async throws(ChannelError) {
    do throws(ChannelError) {
      try check(hello, from: connection)
      guard hello.party > party else {
        throw .malformedFrame(from: name(of: hello.party), reason: "it is not its turn to call party \(party)")
      }
      try await checkFingerprint(of: connection, party: hello.party)
      try await connection.send(ownHello)
      try await connection.rename(name(of: hello.party))
      guard case .enqueued = offers[hello.party].entry.yield(connection) else { throw .closedHere }
    } catch {
      await connection.close()
      throw error
    }
  }

  /// Connects with everybody; fails naming a peer that is missing when `patience` has run out.
  public func form(within patience: Duration) async throws(ChannelError) -> SocketChannel {
    guard peers.indices.contains(party) else { throw .noSuchPeer(party, partyCount: peers.count) }
    return try await loop.onThread { () async throws(ChannelError) in
      let result = await withTaskGroup(of: Arrival.self) { group in
        for peer in self.peers.indices where peer != self.party {
          group.addTask { await self.arrival(of: peer, within: patience) }
        }
        group.addTask {
          try? await Task.sleep(for: patience)
          return .tooLate
        }
        return await self.collect(&group, patience)
      }
      return try result.get()
    }
  }

  private enum Arrival: Sendable {
    case connected(PartyID, FrameConnection)
    case failed(ChannelError)
    case tooLate
  }

  private func collect(
    _ group: inout TaskGroup<Arrival>, _ patience: Duration
  ) async -> Result<SocketChannel, ChannelError> {
    var connections = [FrameConnection?](repeating: nil, count: peers.count)
    var failure: ChannelError?
    while failure == nil, connections.count(where: { $0 != nil }) < peers.count - 1, let arrival = await group.next() {
      switch arrival {
      case .connected(let peer, let connection):
        await connections[peer]?.close(within: .zero)
        connections[peer] = connection
        if peer > party { group.addTask { await self.arrival(of: peer, within: patience) } }
      case .failed(let error): failure = error
      case .tooLate:
        let missing = peers.indices.first { $0 != party && connections[$0] == nil } ?? party
        failure =
          Task.isCancelled
          ? .cancelled(waitingFor: name(of: missing))
          : .unreachable(peer: name(of: missing), address: peers[missing].name, after: patience)
      }
    }
    group.cancelAll()
    for offer in offers { offer.entry.finish() }
    for await case .connected(let peer, let connection) in group {
      await connections[peer]?.close(within: .zero)
      connections[peer] = connection
    }
    guard let failure else {
      return .success(SocketChannel(party: party, connections: connections, loop: loop, deadline: deadline))
    }
    for connection in connections { await connection?.close(within: .zero) }
    return .failure(failure)
  }

  private func arrival(of peer: PartyID, within patience: Duration) async -> Arrival {
    do throws(ChannelError) {
      if peer < party { return .connected(peer, try await dial(peer, within: patience)) }
      for await connection in offers[peer].stream { return .connected(peer, connection) }
      return .failed(.cancelled(waitingFor: name(of: peer)))
    } catch {
      return .failed(error)
    }
  }

  private func dial(_ peer: PartyID, within patience: Duration) async throws(ChannelError) -> FrameConnection {
    let address = peers[peer]
    let connection = try await loop.connect(
      host: address.host, port: address.port, party: peer, protection: protection, limits: limits, within: patience)
    do throws(ChannelError) {
      try await checkFingerprint(of: connection, party: peer)
      try await connection.send(ownHello)
      guard let hello = MeshHello(try await connection.receive(within: patience)) else {
        throw .malformedFrame(from: name(of: peer), reason: "it does not answer as a party of a session")
      }
      try check(hello, from: connection)
      guard hello.party == peer else {
        throw .malformedFrame(from: name(of: peer), reason: "it says that it is party \(hello.party)")
      }
      return connection
    } catch {
      await connection.close(within: .zero)
      throw error
    }
  }

  private var ownHello: Message { MeshHello(session: session, party: party, partyCount: peers.count).message }

  private func name(of peer: PartyID) -> PeerName {
    PeerName(party: peer, address: peers.indices.contains(peer) ? peers[peer].name : nil)
  }

  private func check(_ hello: MeshHello, from connection: FrameConnection) throws(ChannelError) {
    let caller = PeerName(party: hello.party, address: connection.address)
    guard hello.session == session else {
      throw .malformedFrame(from: caller, reason: "it means another session")
    }
    guard hello.partyCount == peers.count, peers.indices.contains(hello.party), hello.party != party else {
      throw .malformedFrame(
        from: caller,
        reason: "it calls itself party \(hello.party) of \(hello.partyCount), here there are \(peers.count)")
    }
  }

  private func checkFingerprint(of connection: FrameConnection, party peer: PartyID) async throws(ChannelError) {
    guard case .tls = protection, let expected = peers[peer].fingerprint else { return }
    guard await connection.peer?.fingerprint == expected else {
      throw .notTrusted(
        peer: name(of: peer), reason: "its certificate is not the one that the cluster file names for party \(peer)")
    }
  }
}
