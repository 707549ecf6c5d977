import Identity
import Logging
import Testing
import Transports

/// The ways of connecting parties that must all behave alike.
enum Transport: String, CaseIterable, Sendable {
  case memory, plain, tls

  static let sockets: [Transport] = [.plain, .tls]
}

/// Credentials made once for all tests: three parties of one authority.
enum Keys {
  static let nodes: Result<[NodeIdentity], any Error> = Result {
    let authority = try CertificateAuthority.create(name: "test")
    return try (0..<3).map { try authority.issue(role: .party, name: "p\($0)") }
  }

  static func protection(of party: PartyID, _ transport: Transport) throws -> Protection {
    guard transport == .tls else { return .insecurePlainTCP }
    let node = try nodes.get()[party]
    return .tls(try node.tlsSettings(node.policy(accepting: [.party])))
  }
}

/// A logger that keeps the tests' output clean.
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Runs `body` as every party at once, each with its channel, and ends what was started.
func simulate(
  over transport: Transport, parties: Int = 3, deadline: Duration = .seconds(300),
  limits: ConnectionLimits = ConnectionLimits(), _ body: @escaping @Sendable (any Channel) async throws -> Void
) async throws {
  switch transport {
  case .memory:
    let channels = MemoryMesh.channels(partyCount: parties, deadline: deadline)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for channel in channels { group.addTask { try await body(channel) } }
      try await group.waitForAll()
    }
  case .plain, .tls:
    let loops = (0..<parties).map { SocketLoop(name: "party \($0)") }
    defer { for loop in loops { loop.shutdown() } }
    var listeners: [Listener] = []
    for (party, loop) in loops.enumerated() {
      let protection = try Keys.protection(of: party, transport)
      listeners.append(
        try await .open(on: loop, host: "127.0.0.1", port: 0, protection: protection, limits: limits, logger: quiet))
    }
    let peers = listeners.map { PeerAddress(host: $0.host, port: $0.port) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (party, listener) in listeners.enumerated() {
        let builder = MeshBuilder(
          party: party, peers: peers, session: [7], loop: listener.loop,
          protection: try Keys.protection(of: party, transport), limits: limits, deadline: deadline)
        group.addTask {
          try await listener.loop.run {
            let channel = try await SocketMesh.form(builder, listener: listener, within: .seconds(300))
            try await body(channel)
          }
        }
      }
      try await group.waitForAll()
    }
  }
}

/// What a call throws; `nil` where it does not.
func failure<Value>(of call: () async throws(ChannelError) -> Value) async -> ChannelError? {
  do {
    _ = try await call()
    return nil
  } catch {
    return error
  }
}

/// SplitMix64, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 13) }
  }
}

/// The SHA-256 of an identity's certificate.
func fingerprint(of node: NodeIdentity) -> [UInt8] { node.fingerprint }
