import HummingbirdCore
import HummingbirdTLS
import Links
public import Logging
import NIOCore
import WebServing

/// Serves a page's files: no party, and nothing that is entered on the page comes here.
public final class PageServer: Sendable {
  /// The address to open.
  public let url: String
  private let server: WebServer

  /// Begins to serve.
  ///
  /// - Parameters:
  ///   - text: `HOST:PORT`; port 0 is any that is free.
  ///   - certificate: PEM files of a certificate that browsers accept and of its key; without them the page comes without
  ///     TLS, which browsers take from their own machine alone.
  ///   - tokens: what the page gives its visitors for their questions.
  public static func start(
    at text: String, _ files: PageFiles, certificate: (path: String, key: String)? = nil, tokens: TokenStock? = nil,
    logger: Logger
  ) async throws -> PageServer {
    guard let address = WebAddress(text) else { throw PageError.address(text) }
    let tls = try certificate.map { try WebCertificate(certificate: $0.path, key: $0.key) }
    let plain = WebServer.http(idleTimeout: .seconds(30))
    do {
      let server = try await WebServer.start(
        PageResponder(files: files, tokens: tokens), at: address,
        protocols: try tls.map { try .tls(plain, tlsConfiguration: $0.configuration) } ?? plain, connections: 512,
        logger: logger)
      return PageServer(url: "\(tls == nil ? "http" : "https")://\(address.name):\(server.port)", server)
    } catch let error as WebServerError {
      throw PageError.cannotListen(text, reason: error.reason)
    }
  }

  private init(url: String, _ server: WebServer) {
    self.url = url
    self.server = server
  }

  /// Serves until its task is cancelled.
  public func run() async throws { try await server.run() }

  /// Ends all connections.
  public func stop() async { await server.stop() }
}
