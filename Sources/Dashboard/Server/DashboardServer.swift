public import Logging
import NIOCore
import WebServing

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
  private let server: WebServer

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
    let responder = DashboardResponder(
      source: source, token: token, seats: WatcherSeats(limit: watcherLimit), pace: pace)
    do {
      let server = try await WebServer.start(
        responder, at: address.place,
        protocols: WebServer.http(handlers: [IdleStateHandler(writeTimeout: IdleCloser.patience), IdleCloser()]),
        connections: 128, logger: logger)
      return DashboardServer(address, token, server)
    } catch {
      throw .cannotListen(text, reason: error.reason)
    }
  }

  private init(_ address: DashboardAddress, _ token: SessionToken, _ server: WebServer) {
    url = address.url(port: server.port, token: token)
    warning =
      address.place.isLoopback
      ? nil
      : "the dashboard listens at \(address.place.host), not on this machine alone, and without TLS: whoever can read the network "
        + "sees the page and its token; better listen at 127.0.0.1 and come through an SSH tunnel"
    self.server = server
  }

  /// Serves until its task is cancelled.
  public func run() async throws { try await server.run() }

  /// Ends all connections.
  public func stop() async { await server.stop() }
}
