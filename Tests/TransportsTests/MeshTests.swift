import Testing
import Transports

@Suite struct MeshTests {
  private static let patience = Duration.seconds(300)

  @Test func aHelloSurvivesItsFrame() {
    let hello = MeshHello(session: [1, 2, 3], party: 2, partyCount: 3)
    #expect(MeshHello(hello.message) == hello)
    for count in 0..<hello.message.count - 3 { #expect(MeshHello(Array(hello.message.prefix(count))) == nil) }
    #expect(MeshHello(Message(repeating: 0, count: 40)) == nil)
  }

  @Test func aPeerThatNeverComesUpIsNamed() async throws {
    let loop = SocketLoop(name: "test")
    defer { loop.shutdown() }
    // A port that was free a moment ago, and nobody listens on.
    let listener = try await Listener.open(
      on: loop, host: "127.0.0.1", port: 0, protection: .insecurePlainTCP, logger: quiet)
    await listener.close()
    let address = "127.0.0.1:\(listener.port)"
    let error = await failure { () async throws(ChannelError) in
      try await loop.connect(
        host: "127.0.0.1", port: listener.port, party: 2, protection: .insecurePlainTCP, within: .milliseconds(60))
    }
    let name = PeerName(party: 2, address: address)
    #expect(error == .unreachable(peer: name, address: address, after: .milliseconds(60)))
    #expect(
      error?.description
        == "party 2 could not be reached at \(address) within 0.06 s; check that it runs and that the address is right")
  }

  @Test func aPartyThatNeverCallsIsNamed() async throws {
    let loop = SocketLoop(name: "test")
    defer { loop.shutdown() }
    let peers = (0..<2).map { PeerAddress(host: "127.0.0.1", port: 1 + $0) }
    let builder = MeshBuilder(party: 0, peers: peers, session: [], loop: loop, protection: .insecurePlainTCP)
    let error = await failure { () async throws(ChannelError) in try await builder.form(within: .milliseconds(30)) }
    let name = PeerName(party: 1, address: "127.0.0.1:2")
    #expect(error == .unreachable(peer: name, address: "127.0.0.1:2", after: .milliseconds(30)))
  }

  @Test func aDaemonSortsCallersByTheirFirstFrame() async throws {
    // Party 0's one listener serves a client and a party of a session.
    let loops = (0..<3).map { SocketLoop(name: "\($0)") }
    defer { for loop in loops { loop.shutdown() } }
    let listener = try await Listener.open(
      on: loops[0], host: "127.0.0.1", port: 0, protection: .insecurePlainTCP, logger: quiet)
    let peers = [PeerAddress(host: "127.0.0.1", port: listener.port), PeerAddress(host: "127.0.0.1", port: 1)]
    let builders = (0..<2).map {
      MeshBuilder(party: $0, peers: peers, session: [5], loop: loops[$0], protection: .insecurePlainTCP)
    }
    async let first = builders[0].form(within: Self.patience)
    async let second = builders[1].form(within: Self.patience)
    let client = try await loops[2].connect(
      host: "127.0.0.1", port: listener.port, protection: .insecurePlainTCP, within: Self.patience)
    try await client.send([1, 2, 3])
    var requests: [Message] = []
    for _ in 0..<2 {
      let connection = try await listener.accept(within: Self.patience)
      let frame = try await connection.receive(within: Self.patience)
      if let hello = MeshHello(frame) {
        try await builders[0].offer(connection, hello)
      } else {
        requests.append(frame)
      }
    }
    #expect(requests == [[1, 2, 3]])
    let channels = try await [first, second]
    try await channels[1].send([8], to: 0)
    #expect(try await channels[0].receive(from: 1) == [8])
  }

  @Test(arguments: [
    MeshHello(session: [6], party: 1, partyCount: 2), MeshHello(session: [5], party: 1, partyCount: 3),
    MeshHello(session: [5], party: 0, partyCount: 2), MeshHello(session: [5], party: 900, partyCount: 2),
  ])
  func callersWhoDoNotBelongHereAreSentAway(_ hello: MeshHello) async throws {
    let loop = SocketLoop(name: "test")
    defer { loop.shutdown() }
    let listener = try await Listener.open(
      on: loop, host: "127.0.0.1", port: 0, protection: .insecurePlainTCP, logger: quiet)
    let peers = [PeerAddress(host: "127.0.0.1", port: listener.port), PeerAddress(host: "127.0.0.1", port: 1)]
    let builder = MeshBuilder(party: 0, peers: peers, session: [5], loop: loop, protection: .insecurePlainTCP)
    let caller = try await loop.connect(
      host: "127.0.0.1", port: listener.port, protection: .insecurePlainTCP, within: Self.patience)
    let connection = try await listener.accept(within: Self.patience)
    let error = await failure { () async throws(ChannelError) in try await builder.offer(connection, hello) }
    guard case .malformedFrame = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    let end = await failure { () async throws(ChannelError) in try await caller.receive(within: Self.patience) }
    #expect(end == .closed(by: PeerName(address: caller.address)))
  }

  @Test func aPartyMustShowTheCertificateOfItsPlace() async throws {
    // Party 2's certificate is trusted, but it does not make its owner party 1.
    let loops = (0..<2).map { SocketLoop(name: "\($0)") }
    defer { for loop in loops { loop.shutdown() } }
    let nodes = try Keys.nodes.get()
    let listener = try await Listener.open(
      on: loops[0], host: "127.0.0.1", port: 0, protection: try Keys.protection(of: 0, .tls), logger: quiet)
    let peers = [
      PeerAddress(host: "127.0.0.1", port: listener.port, fingerprint: fingerprint(of: nodes[0])),
      PeerAddress(host: "127.0.0.1", port: 1, fingerprint: fingerprint(of: nodes[1])),
    ]
    let impostor = MeshBuilder(
      party: 1, peers: peers, session: [5], loop: loops[1], protection: try Keys.protection(of: 2, .tls))
    let builder = MeshBuilder(
      party: 0, peers: peers, session: [5], loop: loops[0], protection: try Keys.protection(of: 0, .tls))
    async let formed = failure { () async throws(ChannelError) in try await impostor.form(within: Self.patience) }
    let connection = try await listener.accept(within: Self.patience)
    let hello = try #require(MeshHello(try await connection.receive(within: Self.patience)))
    let error = await failure { () async throws(ChannelError) in try await builder.offer(connection, hello) }
    guard case .notTrusted(let peer, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(peer.party == 1)
    #expect(await formed == .closed(by: PeerName(party: 0, address: "127.0.0.1:\(listener.port)")))
  }
}
