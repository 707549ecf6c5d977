import Foundation
import Identity
import Logging
import Processes
import Serving
import Sharing
import Testing
import Transports

/// Additive parties, with MACs or without, and their dealer in this process, or replicated ones that check each other, on real
/// sockets with TLS.
final class AdditiveCluster: Sendable {
  let cluster: ClusterFile
  private let ports: ReservedPorts
  private let authority: CertificateAuthority
  private let dealerIdentity: NodeIdentity
  /// The same for all clients: only who shared a model may withdraw it.
  private let clientIdentity: NodeIdentity
  private let partyIdentities: [NodeIdentity]
  private let servers = RunningServers()
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  /// Where everybody keeps what must survive; by name.
  private let folder: String?
  private let key = StorageKey()

  init(
    parties: Int = 2, scheme: ClusterFile.Scheme = .additive, deadline: Duration = .seconds(300), folder: String? = nil
  ) throws {
    self.folder = folder
    authority = try CertificateAuthority.create(name: "test")
    partyIdentities = try (0..<parties).map { [authority] in try authority.issue(role: .party, name: "p\($0)", days: 1)
    }
    clientIdentity = try authority.issue(role: .client, name: "client", days: 1)
    dealerIdentity = try authority.issue(role: .dealer, name: "dealer", days: 1)
    ports = try ReservedPorts.take(parties + 1)
    let members = zip(partyIdentities + [dealerIdentity], ports.numbers).map {
      ClusterFile.Party(name: $0.name, host: "127.0.0.1", port: $1, certificate: $0.fingerprint)
    }
    cluster = try ClusterFile(
      parties: members.dropLast(), dealer: scheme.hasDealer ? members.last : nil, scheme: scheme, deadline: deadline)
  }

  private func storage(of name: String) throws -> (folder: String, key: StorageKey)? {
    guard let folder else { return nil }
    try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
    return (folder + "/" + name, key)
  }

  func startDealer(as identity: NodeIdentity? = nil) async throws {
    let loop = SocketLoop(name: "dealer", spin: .zero)
    let server = try await DealerServer.start(
      identity: identity ?? dealerIdentity, cluster: cluster, loop: loop, storage: try storage(of: "dealer"),
      logger: logger)
    servers.start("dealer", on: loop) { try await server.run() }
  }

  func startParties(policy: StockPolicy? = nil) async throws {
    for index in partyIdentities.indices { try await startParty(index, policy: policy) }
  }

  func startParty(_ index: Int, policy: StockPolicy? = nil, observer: PartyObserver? = nil) async throws {
    let loop = SocketLoop(name: "party \(index)")
    let server = try await PartyServer.start(
      identity: partyIdentities[index], cluster: cluster, loop: loop, storage: try storage(of: "p\(index)"),
      policy: policy, observer: observer, logger: logger)
    servers.start("p\(index)", on: loop) { try await server.run() }
  }

  /// Takes somebody away.
  func kill(_ name: String) async { await servers.kill(name) }
  func stop() { servers.stop() }

  func withClient<Value: Sendable>(
    patience: Duration = .seconds(300), waiting: @escaping @Sendable (DealerProgress) -> Void = { _ in },
    _ body: (ClusterClient) async throws -> Value
  ) async throws -> Value {
    let loop = SocketLoop(name: "client")
    defer { loop.shutdown() }
    let client = try await ClusterClient.connect(
      to: cluster, as: clientIdentity, loop: loop, patience: patience, waiting: waiting)
    let value = try await body(client)
    await client.close()
    return value
  }

  func strangeClient() throws -> NodeIdentity { try authority.issue(role: .client, name: "another", days: 1) }
  func strangeDealer() throws -> NodeIdentity { try authority.issue(role: .dealer, name: "stranger", days: 1) }
}

/// A folder that is gone afterwards.
func withFolder(_ body: (String) async throws -> Void) async throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-test-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try await body(folder)
}
