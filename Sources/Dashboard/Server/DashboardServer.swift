import Foundation
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore

/// The page with all that happens at a coordinator, served to browsers.
///
/// Plain HTTP, for this machine: whoever can read the network between reads page and token. Only GET is answered, and only to
/// those who have the token of ``url``; nothing on the page is a secret of the run. At most 32 pages watch at a time, on at most
/// 128 connections; one that does not read for half a minute is dropped.
public final class DashboardServer: Sendable {
  /// The address to open, with its token.
  public let url: String
  /// A sentence of warning where others than this machine reach the page.
  public let warning: String?
  private let serving: Task<Void, any Error>

  /// Begins to serve.
  ///
  /// - Parameter address: `HOST:PORT`; port 0 is any that is free.
  public static func start(
    at address: String, showing source: some DashboardSource, logger: Logger
  ) async throws(DashboardError) -> DashboardServer {
    try await start(at: address, showing: source, watcherLimit: 32, pace: EventPace(), logger: logger)
  }

  package static func start(
    at text: String, showing source: some DashboardSource, watcherLimit: Int, pace: EventPace, logger: Logger
  ) async throws(DashboardError) -> DashboardServer {
    let address = try DashboardAddress(text)
    let token = SessionToken.random()
    let (ports, found) = AsyncStream.makeStream(of: Result<Int, any Error>.self)
    let responder = DashboardResponder(
      source: source, token: token, seats: WatcherSeats(limit: watcherLimit), pace: pace)
    let application = Self.application(responder, at: address, logger: logger) { found.yield(.success($0)) }
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
    case .success(let port): return DashboardServer(address, port, token, serving)
    case .failure(let error): throw .cannotListen(text, reason: Self.reason(error))
    case nil: throw .cannotListen(text, reason: "stopped")
    }
  }

  private init(_ address: DashboardAddress, _ port: Int, _ token: SessionToken, _ serving: Task<Void, any Error>) {
    url = address.url(port: port, token: token)
    warning =
      address.isLoopback
      ? nil
      : "the dashboard listens at \(address.host), not on this machine alone, and without TLS: whoever can read the network "
        + "sees the page and its token; better listen at 127.0.0.1 and come through an SSH tunnel"
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

  private static func application<Source: DashboardSource>(
    _ responder: DashboardResponder<Source>, at address: DashboardAddress, logger: Logger,
    onPort: @escaping @Sendable (Int) -> Void
  ) -> Application<DashboardResponder<Source>> {
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    return Application(
      responder: responder,
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [IdleStateHandler(writeTimeout: IdleCloser.patience), IdleCloser()],
          httpDecoderConfiguration: .init(maxHeaderFieldSize: 8192, maxHeaderListSize: 16_384, maxHeaderFieldCount: 100)
        )),
      configuration: ApplicationConfiguration(
        address: .hostname(address.host, port: address.port),
        availableConnectionsDelegate: MaximumAvailableConnections(128, logger: quiet)),
      onServerRunning: { onPort($0.localAddress?.port ?? address.port) }, logger: quiet)
  }

  private static func reason(_ error: any Error) -> String {
    (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
  }
}
