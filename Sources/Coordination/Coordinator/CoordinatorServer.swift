public import Identity
import Links
public import Logging
public import Paillier
import Serving

/// A coordinator that listens on a network.
public struct CoordinatorServer: Sendable {
  public let coordinator: Coordinator
  private let server: LinkServer
  private let logger: Logger

  /// - Parameter listen: HOST:PORT.
  /// - Throws: `LinkError` where the address cannot be listened on, `IdentityError` where the certificate cannot be used.
  public static func start(
    identity: NodeIdentity, listen: String, database: RunDatabase, recorder: RunRecorder? = nil,
    paillierKey: ThresholdKey? = nil, cluster: ClusterFile? = nil,
    budget: PrivacyBudgetSource? = nil, logger: Logger
  ) async throws -> CoordinatorServer {
    let parties = try cluster.map { try RemoteAggregation($0, as: identity) }
    let settings = try identity.tlsSettings(identity.policy(accepting: [.worker, .keyholder, .client]))
    let server = try await LinkServer.start(listen: listen, tls: settings)
    logger.info("coordinator listens", metadata: ["address": "\(listen)"])
    return CoordinatorServer(
      coordinator: Coordinator(
        database: database, recorder: recorder, paillierKey: paillierKey, cluster: parties, budget: budget,
        logger: logger),
      server: server,
      logger: logger)
  }

  /// Serves until its task is cancelled.
  public func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { for await link in server.links { await coordinator.admit(link) } }
      group.addTask { try await coordinator.run() }
      try await group.next()
      group.cancelAll()
    }
    await coordinator.close()
    await server.shutdown()
  }
}
