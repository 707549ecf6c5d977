import Identity
import Links
import Logging
import RemoteTensors
import Tensors
import Transports

/// The kinds of workers that must behave alike.
enum Medium: String, CaseIterable, Sendable {
  case virtual, webSocket
}

/// Three workers that are connected to each other, and clients of theirs.
struct House: Sendable {
  enum Name: String, CaseIterable, Sendable {
    case alice, bob, carol
  }

  let stores: [Name: TensorStore]
  /// Connects a client to a worker.
  let connect: @Sendable (_ client: String, Name) async throws -> RemoteWorker
  /// A bare link to a worker, for what no client would send.
  let dial: @Sendable (_ client: String, Name) async throws -> any Link

  func store(_ name: Name) -> TensorStore { stores[name]! }
}

/// Runs `body` with the workers' policies given; those of the others let nothing out.
func withHouse(
  over medium: Medium = .virtual, _ policies: [House.Name: ReleasePolicy] = [:], limits: StoreLimits = StoreLimits(),
  _ body: (House) async throws -> Void
) async throws {
  switch medium {
  case .virtual: try await withVirtualHouse(policies, limits, body)
  case .webSocket: try await withWebSocketHouse(policies, limits, body)
  }
}

private func withVirtualHouse(
  _ policies: [House.Name: ReleasePolicy], _ limits: StoreLimits, _ body: (House) async throws -> Void
) async throws {
  let workers = House.Name.allCases.map {
    VirtualWorker(name: $0.rawValue, policy: policies[$0] ?? .closed, limits: limits)
  }
  let byName = Dictionary(uniqueKeysWithValues: zip(House.Name.allCases, workers))
  let network = await VirtualNetwork(workers)
  let house = House(
    stores: byName.mapValues(\.store), connect: { await byName[$1]!.connect(as: $0) },
    dial: { client, name in
      let ends = MemoryLink.pair(
        PeerIdentity(certificate: [], fingerprint: Array(client.utf8), name: client, role: "client"),
        PeerIdentity(certificate: [], fingerprint: Array(name.rawValue.utf8), name: name.rawValue, role: "worker"))
      let store = byName[name]!.store
      Task { await store.attend(ends.1) }
      return ends.0
    })
  try await body(house)
  await network.close()
}

/// Identities made once for all tests.
private let identities: Result<[String: NodeIdentity], any Error> = Result {
  let authority = try CertificateAuthority.create(name: "test")
  var made: [String: NodeIdentity] = [:]
  for name in House.Name.allCases { made[name.rawValue] = try authority.issue(role: .worker, name: name.rawValue) }
  for name in ["ann", "ben"] { made[name] = try authority.issue(role: .client, name: name) }
  return made
}

private func tls(_ name: String, accepting roles: Set<Role>) throws -> TLSSettings {
  let own = try identities.get()[name]!
  return try own.tlsSettings(own.policy(accepting: roles))
}

private func withWebSocketHouse(
  _ policies: [House.Name: ReleasePolicy], _ limits: StoreLimits, _ body: (House) async throws -> Void
) async throws {
  var stores: [House.Name: TensorStore] = [:]
  var servers: [House.Name: LinkServer] = [:]
  for name in House.Name.allCases {
    let store = TensorStore(name: name.rawValue, policy: policies[name] ?? .closed, limits: limits)
    let server = try await LinkServer.start(
      listen: "127.0.0.1:0", tls: try tls(name.rawValue, accepting: [.client, .worker]), limits: limits.links,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    (stores[name], servers[name]) = (store, server)
    Task { await store.serve(server.links) }
  }
  let ports = servers.mapValues(\.port)
  for name in House.Name.allCases {
    for other in House.Name.allCases where other != name {
      await stores[name]!.connect(
        to: try await RemoteWorker.connect(
          to: "wss://127.0.0.1:\(ports[other]!)", tls: try tls(name.rawValue, accepting: [.worker])))
    }
  }
  let house = House(
    stores: stores,
    connect: { client, name in
      try await RemoteWorker.connect(
        to: "wss://127.0.0.1:\(ports[name]!)", tls: try tls(client, accepting: [.worker]))
    },
    dial: { client, name in
      try await WebSocketDialer.connect(
        to: "wss://127.0.0.1:\(ports[name]!)", tls: try tls(client, accepting: [.worker]))
    })
  let result: Result<Void, any Error>
  do { result = .success(try await body(house)) } catch { result = .failure(error) }
  for store in stores.values { await store.disconnect() }
  for server in servers.values { await server.shutdown() }
  try result.get()
}

/// What a call was refused with; `nil` where it was not.
func refusal(_ body: () async throws -> Void) async -> RemoteError? {
  do {
    try await body()
    return nil
  } catch {
    return error as? RemoteError
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

  mutating func tensor(_ shape: Shape) -> Tensor<Float> {
    Tensor(shape: shape, scalars: (0..<shape.count).map { _ in Float.random(in: -2...2, using: &self) })
  }
}
