import Testing
import Transports

/// What reaches a listener from outside ends in a documented error and never keeps it from serving others.
@Suite struct HostilePeerTests {
  /// A listener of party 0 whose handshakes may take 300 ms.
  private func withListener(
    _ transport: Transport, limits: ConnectionLimits = ConnectionLimits(handshake: .milliseconds(300)),
    _ body: @Sendable (Listener) async throws -> Void
  ) async throws {
    let loop = SocketLoop(name: "listener")
    defer { loop.shutdown() }
    let listener = try await Listener.open(
      on: loop, host: "127.0.0.1", port: 0, protection: try Keys.protection(of: 0, transport), limits: limits,
      logger: quiet)
    try await body(listener)
  }

  /// Proves that the listener still serves honest callers.
  private func expectService(_ listener: Listener, _ transport: Transport) async throws {
    async let accepted = listener.accept(within: .seconds(300))
    let caller = try await listener.loop.connect(
      host: listener.host, port: listener.port, protection: try Keys.protection(of: 1, transport),
      within: .seconds(300))
    try await caller.send([4, 2])
    let connection = try await accepted
    #expect(try await connection.receive(within: .seconds(300)) == [4, 2])
    #expect(await connection.peer?.name == (transport == .tls ? "p1" : nil))
    await caller.close()
    await connection.close()
  }

  @Test(arguments: Transport.sockets)
  func noiseIsDropped(_ transport: Transport) async throws {
    try await withListener(transport) { listener in
      var generator = SeededGenerator(state: 11)
      var noisy: [RawSocket] = []
      for count in [0, 1, 7, 8, 100, 20000] {
        let socket = try #require(RawSocket(port: listener.port))
        socket.send(generator.bytes(count))
        noisy.append(socket)
      }
      try await expectService(listener, transport)
      // Closed by the listener: at once for nonsense, by the deadline for silence.
      for socket in noisy { while !socket.receive().isEmpty {} }
    }
  }

  @Test func aTruncatedHandshakeIsDropped() async throws {
    try await withListener(.tls) { listener in
      // The beginning of a real ClientHello record, then the end of the stream.
      let socket = try #require(RawSocket(port: listener.port))
      socket.send([0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3])
      socket.finishSending()
      #expect(socket.receive().isEmpty)
      try await expectService(listener, .tls)
    }
  }

  /// A caller without TLS that has done its greeting, and the connection that the listener has made of it.
  private func greeted(_ listener: Listener) async throws -> (RawSocket, FrameConnection) {
    let socket = try #require(RawSocket(port: listener.port))
    let greeting = Array("tacit frames 1".utf8)
    socket.send([UInt8(greeting.count), 0, 0, 0, 0, 0, 0, 0] + greeting)
    return (socket, try await listener.accept(within: .seconds(300)))
  }

  @Test func aHugeLengthIsRefused() async throws {
    try await withListener(.plain, limits: ConnectionLimits(messageByteCount: 1 << 20)) { listener in
      let (socket, connection) = try await greeted(listener)
      socket.send([0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0])
      let error = await failure { () async throws(ChannelError) in try await connection.receive(within: .seconds(300)) }
      guard case .oversizedMessage(_, byteCount: 0xFFFF_FFFF, limit: 1 << 20) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      let later = await failure { () async throws(ChannelError) in try await connection.send([]) }
      #expect(later == error)
    }
  }

  @Test func framesOutOfStepAreRefused() async throws {
    try await withListener(.plain) { listener in
      let (socket, connection) = try await greeted(listener)
      socket.send([1, 0, 0, 0, 1, 0, 0, 0, 77])
      #expect(try await connection.receive(within: .seconds(300)) == [77])
      socket.send([1, 0, 0, 0, 3, 0, 0, 0, 77])
      let error = await failure { () async throws(ChannelError) in try await connection.receive(within: .seconds(300)) }
      guard case .outOfStep(_, expected: 2, received: 3) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test func aMessageThatBreaksOffIsAClosing() async throws {
    try await withListener(.plain) { listener in
      let (socket, connection) = try await greeted(listener)
      socket.send([200, 0, 0, 0, 1, 0, 0, 0, 77])
      socket.finishSending()
      let error = await failure { () async throws(ChannelError) in try await connection.receive(within: .seconds(300)) }
      #expect(error == .closed(by: PeerName(address: connection.address)))
    }
  }

  @Test func strangersToTheProtocolAreRefused() async throws {
    try await withListener(.plain) { listener in
      let socket = try #require(RawSocket(port: listener.port))
      socket.send([5, 0, 0, 0, 0, 0, 0, 0] + Array("hello".utf8))
      // Our greeting, then the end.
      while !socket.receive().isEmpty {}
      try await expectService(listener, .plain)
    }
  }

  @Test func aBitTurnedOnTheWireBreaksTLS() async throws {
    try await withListener(.tls, limits: ConnectionLimits()) { listener in
      // The certificates are small, so a piece of over 30 000 bytes is a message.
      let port = try #require(
        RawSocket.relay(to: listener.port) { piece, _ in
          guard piece.count > 30000 else { return piece }
          var piece = piece
          piece[piece.count / 2] ^= 16
          return piece
        })
      let caller = try await listener.loop.connect(
        host: "127.0.0.1", port: port, protection: try Keys.protection(of: 1, .tls), within: .seconds(300))
      let connection = try await listener.accept(within: .seconds(300))
      try await caller.send(Message(repeating: 3, count: 1 << 20))
      let error = await failure { () async throws(ChannelError) in try await connection.receive(within: .seconds(300)) }
      guard case .tlsFailed = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }
}
