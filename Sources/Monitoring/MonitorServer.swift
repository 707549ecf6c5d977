import Foundation
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore

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
  public let port: Int
  private let serving: Task<Void, any Error>

  /// Begins to serve.
  ///
  /// - Parameters:
  ///   - address: `HOST:PORT`; port 0 is any that is free.
  ///   - version: of the program.
  public static func start(
    at address: String, registry: MetricsRegistry, version: String, source: Source, logger: Logger
  ) async throws(MonitorError) -> MonitorServer {
    let (host, port) = try place(address)
    let (ports, found) = AsyncStream.makeStream(of: Result<Int, any Error>.self)
    let responder = MonitorResponder(registry: registry, process: ProcessFigures(version: version), source: source)
    let application = application(responder, host, port, logger) { found.yield(.success($0)) }
    let serving = Task {
      do {
        try await application.run()
        found.finish()
      } catch {
        found.yield(.failure(error))
        throw error
      }
    }
    switch await ports.first(where: { _ in true }) {
    case .success(let port): return MonitorServer(port, serving)
    case .failure(let error):
      throw .cannotListen(
        address, reason: (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)")
    case nil: throw .cannotListen(address, reason: "stopped")
    }
  }

  private init(_ port: Int, _ serving: Task<Void, any Error>) {
    self.port = port
    self.serving = serving
  }

  /// Ends all connections.
  public func stop() async {
    serving.cancel()
    _ = await serving.result
  }

  /// Reads `HOST:PORT`; an IPv6 address stands in brackets.
  private static func place(_ text: String) throws(MonitorError) -> (host: String, port: Int) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      throw .address(text)
    }
    var host = text[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if isBracketed { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, isBracketed || !host.contains(":") else { throw .address(text) }
    return (String(host), Int(port))
  }

  private static func application(
    _ responder: MonitorResponder, _ host: String, _ port: Int, _ logger: Logger,
    onPort: @escaping @Sendable (Int) -> Void
  ) -> Application<MonitorResponder> {
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    return Application(
      responder: responder,
      server: .http1(
        configuration: .init(
          idleTimeout: .seconds(30),
          httpDecoderConfiguration: .init(maxHeaderFieldSize: 8192, maxHeaderListSize: 16_384, maxHeaderFieldCount: 100)
        )),
      configuration: ApplicationConfiguration(
        address: .hostname(host, port: port),
        availableConnectionsDelegate: MaximumAvailableConnections(64, logger: quiet)),
      onServerRunning: { onPort($0.localAddress?.port ?? port) }, logger: quiet)
  }
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
