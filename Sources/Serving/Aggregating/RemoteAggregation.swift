import Foundation
public import Identity
import Transports

/// Running parties that add up workers' shares, as a coordinator reaches them: connects when it has to, and again after
/// any trouble.
public actor RemoteAggregation: AggregationCluster {
  package nonisolated let fingerprints: [[UInt8]]
  private let cluster: ClusterFile
  private let identity: NodeIdentity
  private let loop = SocketLoop(name: "aggregation", spin: .zero)
  /// With how long it waits for an answer.
  private var client: (connected: ClusterClient, patience: Duration)?

  /// - Parameter identity: a coordinator's.
  /// - Throws: ``ServingError/badRequest(_:)`` where the parties are not three that share by replication.
  public init(_ cluster: ClusterFile, as identity: NodeIdentity) throws {
    guard try ClusterScheme(cluster) == .replicated else {
      throw ServingError.badRequest("workers' shares are added by three parties without a dealer: name such a cluster")
    }
    self.cluster = cluster
    self.identity = identity
    fingerprints = cluster.parties.map(\.certificate)
  }

  package func credentials(within patience: Duration) async throws -> [PartyCredential] {
    try await asking(within: patience) { try await $0.credentials() }
  }

  package func add(
    _ updates: [Int: SealedUpdate], of sum: SharedSum, needed: Int, within patience: Duration
  ) async throws -> OpenedSum {
    try await asking(within: patience) { try await $0.add(updates, of: sum, needed: needed) }
  }

  private func asking<Value: Sendable>(
    within patience: Duration, _ question: @Sendable (ClusterClient) async throws -> Value
  ) async throws -> Value {
    do {
      let client = try await connected(within: patience)
      return try await question(client)
    } catch {
      // What is on its way on the old connections would be in the way of the next question.
      await disconnect()
      throw error
    }
  }

  private func connected(within patience: Duration) async throws -> ClusterClient {
    if let client, client.patience >= patience { return client.connected }
    await disconnect()
    let made = try await ClusterClient.connect(to: cluster, as: identity, loop: loop, patience: patience)
    client = (made, patience)
    return made
  }

  private func disconnect() async {
    let old = client
    client = nil
    await old?.connected.close()
  }

  package func close() async {
    await disconnect()
    loop.shutdown()
  }
}
