public import Identity
import Links
public import Logging
import Transports

/// A worker's connection to its coordinator, made again whenever it is lost: a coordinator may be away for a while.
public struct WorkerConnection: Sendable {
  private let worker: Worker
  private let identity: NodeIdentity
  private let address: String
  private let policy: WorkerPolicy
  private let logger: Logger

  /// - Parameter address: wss://HOST:PORT.
  public init(_ worker: Worker, identity: NodeIdentity, address: String, policy: WorkerPolicy, logger: Logger) {
    self.worker = worker
    self.identity = identity
    self.address = address
    self.policy = policy
    self.logger = logger
  }

  /// Serves until its task is cancelled.
  ///
  /// - Throws: `LinkError` where trying again would not help: a certificate or address that is refused, or another version.
  public func run() async throws {
    let settings = try identity.tlsSettings(identity.policy(accepting: [.coordinator], pins: policy.coordinators))
    var pause = Duration.milliseconds(50)
    while !Task.isCancelled {
      do {
        let link = try await WebSocketDialer.connect(to: address, tls: settings)
        logger.info("connected", metadata: ["coordinator": "\(link.peer.name)"])
        pause = .milliseconds(50)
        try await worker.serve(link)
      } catch let error as LinkError {
        if error.isFinal { throw error }
        logger.info("not connected", metadata: ["reason": "\(error)"])
      }
      try await Task.sleep(for: pause)
      pause = min(pause * 2, .seconds(5))
    }
  }
}

extension LinkError {
  /// Whether it would come again.
  fileprivate var isFinal: Bool {
    switch self {
    case .notTrusted, .refused, .badAddress, .wrongVersion: true
    case .closed, .closedHere, .cancelled, .timedOut, .lost, .unreachable, .oversizedMessage, .malformedFrame: false
    }
  }
}
