import Foundation
import Graphs
import Identity
import Logging
import ModelFiles
import NIOConcurrencyHelpers
import Processes
import Serving
import Sharing
import Tensors
import Testing
import Tracing
import Transports

/// Three party servers of this process that keep what they must in a folder, and can be taken away and started again.
final class StoredCluster: Sendable {
  let cluster: ClusterFile
  let authority: CertificateAuthority
  let folder: String
  private let ports: ReservedPorts
  private let identities: [NodeIdentity]
  private let key = StorageKey()
  private let servers = RunningServers()
  private let running = NIOLockedValueBox<[Int: PartyServer]>([:])
  private let observe: @Sendable (Int) -> PartyObserver

  /// - Parameter observe: where each party tells what it does.
  init(
    in folder: String, deadline: Duration = .seconds(60),
    observe: @escaping @Sendable (Int) -> PartyObserver = { _ in PartyObserver() }
  ) async throws {
    self.folder = folder
    self.observe = observe
    authority = try CertificateAuthority.create(name: "test")
    identities = try (0..<3).map { [authority] in try authority.issue(role: .party, name: "p\($0)", days: 1) }
    ports = try ReservedPorts.take(3)
    cluster = try ClusterFile(
      parties: zip(identities, ports.numbers).map {
        .init(name: $0.name, host: "127.0.0.1", port: $1, certificate: $0.fingerprint)
      }, deadline: deadline)
    for index in 0..<3 { try await start(index) }
  }

  func start(_ index: Int) async throws {
    let loop = SocketLoop(name: "party \(index)")
    let place = folder + "/p\(index)"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    let server = try await PartyServer.start(
      identity: identities[index], cluster: cluster, loop: loop, storage: (place, key), observer: observe(index),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    running.withLockedValue { $0[index] = server }
    servers.start("\(index)", on: loop) { try await server.run() }
  }

  func kill(_ index: Int) async { await servers.kill("\(index)") }
  func stop() { servers.stop() }

  func server(_ index: Int) -> PartyServer? { running.withLockedValue { $0[index] } }

  func file(_ name: String, of party: Int) -> String { "\(folder)/p\(party)/models/\(name).sealed" }

  func identity(_ name: String) throws -> NodeIdentity { try authority.issue(role: .client, name: name, days: 1) }

  @discardableResult
  func with<Value: Sendable>(
    _ identity: NodeIdentity, patience: Duration = .seconds(60), tracer: (any Tracer)? = nil,
    _ body: (ClusterClient) async throws -> Value
  ) async throws -> Value {
    let loop = SocketLoop(name: "client", spin: .zero)
    defer { loop.shutdown() }
    let client = try await ClusterClient.connect(
      to: cluster, as: identity, loop: loop, patience: patience, tracer: tracer)
    let value = try await body(client)
    await client.close()
    return value
  }

  /// A connection of one client to one party, which says hello as docs/SERVING.md describes it.
  func call(_ party: Int, as identity: NodeIdentity, loop: SocketLoop) async throws -> FrameConnection {
    let settings = try identity.tlsSettings(identity.policy(accepting: [.party], pins: cluster.pins))
    let connection = try await loop.connect(
      host: "127.0.0.1", port: ports.numbers[party], party: party, protection: .tls(settings), within: .seconds(10))
    try await connection.send(Self.frame(#"{"hello":{"version":8}}"#))
    #expect(try await Self.text(connection.receive(within: .seconds(60))).contains("welcome"))
    return connection
  }

  static func frame(_ control: String, body: [UInt8] = []) -> [UInt8] {
    withUnsafeBytes(of: UInt32(control.utf8.count).littleEndian) { Array($0) } + Array(control.utf8) + body
  }

  static func text(_ message: [UInt8]) -> String { String(decoding: message.dropFirst(4), as: UTF8.self) }
}
