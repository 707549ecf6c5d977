import Identity
import Links
import Logging
import Testing
import Transports

/// The kinds of links that must behave alike.
enum Medium: String, CaseIterable, Sendable {
  case memory, webSocket
}

/// Identities made once for all tests: a coordinator, three workers, and a worker of another authority.
struct Cast: Sendable {
  let coordinator: NodeIdentity
  let workers: [NodeIdentity]
  let party: NodeIdentity
  let stranger: NodeIdentity

  static let made: Result<Cast, any Error> = Result {
    let authority = try CertificateAuthority.create(name: "test")
    return Cast(
      coordinator: try authority.issue(role: .coordinator, name: "coordinator"),
      workers: try (0..<3).map { try authority.issue(role: .worker, name: "w\($0)") },
      party: try authority.issue(role: .party, name: "p0"),
      stranger: try CertificateAuthority.create(name: "other").issue(role: .worker, name: "w0"))
  }

  static var coordinatorTLS: TLSSettings {
    get throws {
      let own = try made.get().coordinator
      return try own.tlsSettings(own.policy(accepting: [.worker]))
    }
  }

  static func workerTLS(_ worker: Int = 0) throws -> TLSSettings {
    let own = try made.get().workers[worker]
    return try own.tlsSettings(own.policy(accepting: [.coordinator]))
  }
}

/// A logger that keeps the tests' output clean.
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Runs `body` with a server and ends it.
func withServer(
  limits: LinkLimits = LinkLimits(), tls: TLSSettings? = nil,
  onRefusal: @escaping @Sendable (LinkError) -> Void = { _ in }, _ body: (LinkServer) async throws -> Void
) async throws {
  let server = try await LinkServer.start(
    listen: "127.0.0.1:0", tls: tls ?? Cast.coordinatorTLS, limits: limits, logger: quiet, onRefusal: onRefusal)
  do {
    try await body(server)
  } catch {
    await server.shutdown()
    throw error
  }
  await server.shutdown()
}

/// Runs `body` with `count` pairs of ends, coordinator's first, and closes them.
func withLinks(
  over medium: Medium, count: Int = 1, limits: LinkLimits = LinkLimits(), through proxy: Int? = nil,
  _ body: ([(coordinator: any Link, worker: any Link)]) async throws -> Void
) async throws {
  switch medium {
  case .memory:
    let pairs = (0..<count).map { MemoryLink.pair(worker: "w\($0)", limits: limits) }
    try await body(pairs.map { ($0.coordinator, $0.worker) })
    for pair in pairs { await pair.worker.close() }
  case .webSocket:
    try await withServer(limits: limits) { server in
      var accepted = server.links.makeAsyncIterator()
      var pairs: [(coordinator: any Link, worker: any Link)] = []
      for index in 0..<count {
        let worker = try await WebSocketDialer.connect(
          to: "wss://127.0.0.1:\(server.port)", tls: Cast.workerTLS(index % 3), limits: limits, within: .seconds(60))
        pairs.append((try #require(await accepted.next()), worker))
      }
      try await body(pairs)
      for pair in pairs { await pair.worker.close() }
    }
  }
}

/// Runs `body` with one pair of ends.
func withLink(
  over medium: Medium, limits: LinkLimits = LinkLimits(),
  _ body: (_ coordinator: any Link, _ worker: any Link) async throws -> Void
) async throws {
  try await withLinks(over: medium, limits: limits) { try await body($0[0].coordinator, $0[0].worker) }
}

/// What receiving throws; `nil` where something comes.
func receiveFailure(_ link: any Link, within wait: Duration = patience) async -> LinkError? {
  do throws(LinkError) {
    _ = try await link.receive(within: wait)
    return nil
  } catch {
    return error
  }
}

/// What sending throws; `nil` where it works.
func sendFailure(_ link: any Link, _ message: LinkMessage = LinkMessage(header: [])) async -> LinkError? {
  do throws(LinkError) {
    try await link.send(message)
    return nil
  } catch {
    return error
  }
}

/// Longer than any test runs.
let patience = Duration.seconds(300)

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

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 13) } }
}
