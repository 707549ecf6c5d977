public import Logging
import NIOCore
import WebServing

/// `/metrics`, `/health` and `/ready` of a server, by plain HTTP.
///
/// `/metrics` is the text form of Prometheus; `/health` says that the process lives; `/ready` says 200 where the server can do
/// its work, and 503 with the reason where it cannot. Only GET is answered; nothing that is told is a secret, but it is best
/// listened to on this machine alone, or on a network of the operator's.
public final class MonitorServer: Sendable {
  /// What a monitored server adds.
  public struct Source: Sendable {
    let update: @Sendable () async -> Void
    let fault: @Sendable () async -> String?

    /// - Parameters:
    ///   - update: sets gauges that are not kept up by themselves.
    ///   - fault: one sentence on why the server cannot do its work, if it cannot.
    public init(update: @escaping @Sendable () async -> Void, fault: @escaping @Sendable () async -> String?) {
      self.update = update
      self.fault = fault
    }
  }

  /// The port that is listened on; the real one where 0 was asked for.
  public var port: Int { server.port }
  private let server: WebServer

  /// Begins to serve.
  ///
  /// - Parameters:
  ///   - address: `HOST:PORT`; port 0 is any that is free.
  ///   - version: of the program.
  public static func start(
    at address: String, registry: MetricsRegistry, version: String, source: Source, logger: Logger
  ) async throws(MonitorError) -> MonitorServer {
    guard let place = WebAddress(address) else { throw .address(address) }
    let responder = MonitorResponder(registry: registry, process: ProcessFigures(version: version), source: source)
    do {
      return MonitorServer(
        try await WebServer.start(
          responder, at: place, protocols: WebServer.http(idleTimeout: .seconds(30)), connections: 64, logger: logger))
    } catch {
      throw .cannotListen(address, reason: error.reason)
    }
  }

  private init(_ server: WebServer) { self.server = server }

  /// Ends all connections.
  public func stop() async { await server.stop() }
}

/// Why metrics cannot be served.
public enum MonitorError: Error, Hashable, Sendable, CustomStringConvertible {
  case address(String)
  case cannotListen(String, reason: String)

  public var description: String {
    switch self {
    case .address(let text):
      "the address of the metrics, \(text), is not HOST:PORT; write it as 127.0.0.1:9400 or [::1]:9400"
    case .cannotListen(let address, let reason):
      "metrics cannot be served at \(address) (\(reason)); choose a free port and an address of this machine"
    }
  }
}
