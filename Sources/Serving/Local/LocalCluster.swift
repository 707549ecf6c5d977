import Foundation
public import Identity
import NIOConcurrencyHelpers
import Processes
import Sharing
import Transports

/// Party processes on this machine, and a dealer where they share by its help, with certificates and keys made for them alone and thrown away after.
///
/// The processes end when ``stop()`` is called or when this process ends, however it ends: they watch their standard
/// input.
public final class LocalCluster: Sendable {
  public let cluster: ClusterFile
  public let client: NodeIdentity
  /// Another client, for models whose owner is not who asks.
  public let owner: NodeIdentity
  private let folder: URL
  private let ports: ReservedPorts
  private let parties: NIOLockedValueBox<[Member]>

  /// What the members are called: in their certificates, in the cluster file.
  public struct Names: Hashable, Sendable {
    /// In the order of the parties; `party-0` and so on for those without one.
    public var parties: [String]
    public var dealer: String

    public init(parties: [String] = [], dealer: String = "dealer") {
      self.parties = parties
      self.dealer = dealer
    }

    func party(_ index: Int) -> String { index < parties.count ? parties[index] : "party-\(index)" }
  }

  /// Starts the parties; they may still be on their way up when this returns, so the first call should be patient.
  ///
  /// - Parameters:
  ///   - executable: the `tacit` program.
  ///   - scheme: how the parties share.
  ///   - deadline: how long parties wait for each other.
  ///   - storage: a folder in which the parties keep checkpoints of trainings; none where nothing is kept.
  ///   - names: what the parties and their dealer are called.
  public static func start(
    executable: String, scheme: ClusterScheme = .replicated, deadline: Duration = .seconds(30),
    storage: String? = nil, names: Names = Names()
  ) async throws -> LocalCluster {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    do {
      let authority = try CertificateAuthority.create(name: "this-machine")
      let client = try authority.issue(role: .client, name: "client", days: 1)
      let owner = try authority.issue(role: .client, name: "owner", days: 1)
      let count = scheme.costs.partyCount
      let ports = try ReservedPorts.take(count + 1)
      func member(_ role: Role, _ name: String, _ port: Int) throws -> ClusterFile.Party {
        let identity = try authority.issue(role: role, name: name, days: 1)
        try identity.save(to: folder.appendingPathComponent(name).path)
        return .init(name: name, host: "127.0.0.1", port: port, certificate: identity.fingerprint)
      }
      let members = try (0..<count).map { try member(.party, names.party($0), ports.numbers[$0]) }
      let dealer = scheme.engine.hasDealer ? try member(.dealer, names.dealer, ports.numbers[count]) : nil
      let cluster = try ClusterFile(parties: members, dealer: dealer, scheme: scheme.fileScheme, deadline: deadline)
      let file = folder.appendingPathComponent("cluster.yaml").path
      try cluster.save(to: file)
      // The client says how many runs it wants; more, dealt while it measures, would only get in its way.
      func start(_ index: Int?, _ arguments: [String]) throws -> Member {
        let name = index.map(names.party) ?? names.dealer
        let process = try ChildProcess.start(
          executable: executable,
          arguments: [
            index == nil ? "dealer" : "party", "--identity", folder.appendingPathComponent(name).path, "--cluster",
            file,
            "--until-input-ends",
          ] + arguments, name: name, log: folder.appendingPathComponent("\(name).log"))
        return Member(process: process, index: index)
      }
      let parties =
        try (dealer == nil ? [] : [start(nil, [])])
        + (0..<count).map { index in
          try start(
            index, ["--stock-low", "0"] + (storage.map { ["--storage", "\($0)/party-\(index)"] } ?? []))
        }
      return LocalCluster(
        cluster: cluster, identities: (client, owner), folder: folder, ports: ports, parties: parties)
    } catch {
      try? FileManager.default.removeItem(at: folder)
      throw error
    }
  }

  private init(
    cluster: ClusterFile, identities: (client: NodeIdentity, owner: NodeIdentity), folder: URL, ports: ReservedPorts,
    parties: [Member]
  ) {
    self.cluster = cluster
    (client, owner) = identities
    self.folder = folder
    self.ports = ports
    self.parties = NIOLockedValueBox(parties)
  }

  /// Process identifiers, in the order of the parties.
  public var processIdentifiers: [Int32] {
    parties.withLockedValue { $0.filter { $0.index != nil }.map(\.process.identifier) }
  }

  /// Runs the body; where it fails and a party's process has ended, the error says so instead.
  public func explaining<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch {
      let ended = parties.withLockedValue { $0.compactMap(\.epitaph).first }
      throw ended ?? error
    }
  }

  /// Runs the body with a client of the cluster's; see ``explaining(_:)``.
  ///
  /// - Parameter identity: who asks; ``client`` where nobody is named.
  public func asking<Value>(
    as identity: NodeIdentity? = nil, patience: Duration, _ body: (ClusterClient) async throws -> Value
  ) async throws -> Value {
    try await explaining {
      let loop = SocketLoop(name: "client")
      defer { loop.shutdown() }
      let client = try await ClusterClient.connect(
        to: cluster, as: identity ?? self.client, loop: loop, patience: patience)
      let value = try await body(client)
      await client.close()
      return value
    }
  }

  /// Ends the processes and removes their keys.
  public func stop() {
    parties.withLockedValue { parties in
      for party in parties { party.process.stop() }
      parties = []
    }
    try? FileManager.default.removeItem(at: folder)
  }

  deinit { stop() }
}

/// One party's process, or the dealer's.
private struct Member: Sendable {
  let process: ChildProcess
  /// `nil` for the dealer.
  let index: Int?

  /// Why the process is no more, if it is not.
  var epitaph: ServingError? {
    guard let end = process.end else { return nil }
    guard let index else { return .dealerExited(status: end.status, log: end.complaint) }
    return .partyExited(index, status: end.status, log: end.complaint)
  }
}
