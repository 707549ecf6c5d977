import Foundation
import Identity
import Logging
import NIOConcurrencyHelpers
import Pages
import Processes
import Serving
import TestSupport
import Testing
import Transports

/// Three party servers of this process with doors for pages, and a page that asks them.
final class PageCluster: Sendable {
  let cluster: ClusterFile
  let folder: String
  let web: (certificate: String, key: String)
  /// A PEM file: who issued the doors' certificate.
  let trust: String
  let storageKey = StorageKey()
  private let authority: CertificateAuthority
  private let identities: [NodeIdentity]
  private let ports: ReservedPorts
  private let running = NIOLockedValueBox<[Int: (task: Task<Void, any Error>, loop: SocketLoop)]>([:])

  static var silence: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

  init(in folder: String) async throws {
    self.folder = folder
    authority = try CertificateAuthority.create(name: "test")
    identities = try (0..<3).map { [authority] in try authority.issue(role: .party, name: "p\($0)", days: 1) }
    ports = try ReservedPorts.take(3)
    cluster = try ClusterFile(
      parties: zip(identities, ports.numbers).map {
        .init(name: $0.name, host: "127.0.0.1", port: $1, certificate: $0.fingerprint)
      }, deadline: .seconds(60))
    let webAuthority = try WebAuthority()
    trust = folder + "/web-authority.pem"
    try webAuthority.save(to: trust)
    web = try webAuthority.issue(in: folder)
    for index in 0..<3 { try await start(index) }
  }

  func start(_ index: Int) async throws {
    let loop = SocketLoop(name: "party \(index)")
    try FileManager.default.createDirectory(atPath: place(index), withIntermediateDirectories: true)
    let server = try await PartyServer.start(
      identity: identities[index], cluster: cluster, loop: loop, storage: (place(index), storageKey),
      web: try PageDoorSettings(address: "localhost:0", certificate: web.certificate, key: web.key),
      logger: Self.silence)
    running.withLockedValue { $0[index] = (Task { try await server.run() }, loop) }
  }

  func kill(_ index: Int) async {
    let found = running.withLockedValue { $0.removeValue(forKey: index) }
    found?.task.cancel()
    _ = try? await found?.task.value
    found?.loop.shutdown()
  }

  func stop() async {
    for index in 0..<3 { await kill(index) }
  }

  func place(_ index: Int) -> String { "\(folder)/p\(index)" }

  /// What a party's page key is: as the party itself reads it.
  func pageKey(_ index: Int) throws -> PageKey { try PageKey.open(storage: (place(index), storageKey), party: index) }

  func identity(_ name: String) throws -> NodeIdentity { try authority.issue(role: .client, name: name, days: 1) }

  @discardableResult
  func with<Value: Sendable>(_ identity: NodeIdentity, _ body: (ClusterClient) async throws -> Value) async throws
    -> Value
  {
    let loop = SocketLoop(name: "client", spin: .zero)
    defer { loop.shutdown() }
    let client = try await ClusterClient.connect(to: cluster, as: identity, loop: loop, patience: .seconds(60))
    let value = try await body(client)
    await client.close()
    return value
  }

  static func run(_ body: (PageCluster) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pages-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let cluster = try await PageCluster(in: folder.path)
    do {
      try await body(cluster)
    } catch {
      await cluster.stop()
      throw error
    }
    await cluster.stop()
  }
}
