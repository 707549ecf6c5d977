public import Identity
public import Logging

/// A worker's connection to its coordinator, made again whenever it is lost.
public struct WorkerConnection: Sendable {
  private let connection: CoordinatorConnection

  /// - Parameter address: wss://HOST:PORT.
  public init(
    _ worker: Worker, identity: NodeIdentity, address: String, policy: WorkerPolicy,
    logger: Logger = Logger(label: "tacit.worker")
  ) {
    connection = CoordinatorConnection(
      identity: identity, address: address, pins: policy.coordinators, logger: logger
    ) { try await worker.serve($0) }
  }

  /// Serves until its task is cancelled.
  ///
  /// - Throws: `LinkError` where trying again would not help: a certificate or address that is refused, or another
  ///   version.
  public func run() async throws { try await connection.run() }
}
