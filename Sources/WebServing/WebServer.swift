import Foundation
public import Hummingbird
public import HummingbirdCore
public import Logging
public import NIOCore

/// An HTTP server that runs: what pages and figures for operators are served by.
///
/// Headers are bounded (8 KiB each, 16 KiB and 100 fields in all), and so is the number of connections.
public final class WebServer: Sendable {
  /// The port that is listened on; the real one where 0 was asked for.
  public let port: Int
  private let serving: Task<Void, any Error>

  /// Begins to serve.
  ///
  /// - Parameters:
  ///   - protocols: what connections speak; ``http(idleTimeout:handlers:)``, with TLS around it or without.
  ///   - connections: the most at a time.
  ///   - logger: only its warnings and errors are kept.
  /// - Throws: ``WebServerError`` where the address cannot be listened at.
  public static func start<Responder: HTTPResponder>(
    _ responder: Responder, at address: WebAddress, protocols: HTTPServerBuilder, connections: Int, logger: Logger
  ) async throws(WebServerError) -> WebServer
  where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
    let (ports, found) = AsyncStream.makeStream(of: Result<Int, any Error>.self)
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    let application = Application(
      responder: responder, server: protocols,
      configuration: ApplicationConfiguration(
        address: .hostname(address.host, port: address.port),
        availableConnectionsDelegate: MaximumAvailableConnections(connections, logger: quiet)),
      onServerRunning: { found.yield(.success($0.localAddress?.port ?? address.port)) }, logger: quiet)
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
    case .success(let port): return WebServer(port, serving)
    case .failure(let error):
      throw WebServerError(reason: (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)")
    case nil: throw WebServerError(reason: "stopped")
    }
  }

  /// HTTP/1.1 with bounded headers.
  ///
  /// - Parameters:
  ///   - idleTimeout: how long a connection may say nothing; for ever, where there is none.
  ///   - handlers: more of a connection's channel, made for each.
  public static func http(
    idleTimeout: TimeAmount? = nil, handlers: @autoclosure @escaping @Sendable () -> [any RemovableChannelHandler] = []
  ) -> HTTPServerBuilder {
    .http1(
      configuration: .init(
        additionalChannelHandlers: handlers(), idleTimeout: idleTimeout,
        httpDecoderConfiguration: .init(maxHeaderFieldSize: 8192, maxHeaderListSize: 16_384, maxHeaderFieldCount: 100)))
  }

  private init(_ port: Int, _ serving: Task<Void, any Error>) {
    self.port = port
    self.serving = serving
  }

  /// Serves until its task is cancelled.
  public func run() async throws {
    try await withTaskCancellationHandler {
      try await serving.value
    } onCancel: {
      serving.cancel()
    }
  }

  /// Ends all connections.
  public func stop() async {
    serving.cancel()
    _ = await serving.result
  }
}

/// Why an address cannot be listened at.
public struct WebServerError: Error, Hashable, Sendable {
  public let reason: String
}
