import Identity
import Links
import Logging
import Transports

/// A connection to a coordinator, made again whenever it is lost: a coordinator may be away for a while.
struct CoordinatorConnection: Sendable {
  let identity: NodeIdentity
  /// wss://HOST:PORT.
  let address: String
  /// The fingerprints of the coordinators that will do; all of the own authority where there are none.
  let pins: Set<[UInt8]>?
  let logger: Logger
  /// What is done on the link, until it ends.
  let serve: @Sendable (any Link) async throws -> Void

  /// Serves until its task is cancelled.
  ///
  /// - Throws: `LinkError` where trying again would not help: a certificate or address that is refused, or another
  ///   version.
  func run() async throws {
    let settings = try identity.tlsSettings(identity.policy(accepting: [.coordinator], pins: pins))
    var pause = Duration.milliseconds(50)
    var wasConnected = false
    while !Task.isCancelled {
      do {
        let link = try await WebSocketDialer.connect(to: address, tls: settings)
        logger.info("connected", metadata: ["coordinator": "\(link.peer.name)"])
        pause = .milliseconds(50)
        wasConnected = true
        try await serve(link)
      } catch let error as LinkError {
        // A coordinator that was started again refuses the sessions of before; it is dialled anew.
        if case .refused = error, wasConnected { wasConnected = false } else if error.isFinal { throw error }
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
