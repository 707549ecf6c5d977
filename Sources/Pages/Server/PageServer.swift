import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Links
public import Logging
import NIOCore

/// Serves a page's files: no party, and nothing that is entered on the page comes here.
public final class PageServer: Sendable {
  /// The address to open.
  public let url: String
  private let serving: Task<Void, any Error>

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
    let (host, port) = try address(text)
    let tls = try certificate.map { try WebCertificate(certificate: $0.path, key: $0.key) }
    let plain = HTTPServerBuilder.http1(
      configuration: .init(
        idleTimeout: .seconds(30),
        httpDecoderConfiguration: .init(maxHeaderFieldSize: 8192, maxHeaderListSize: 16_384, maxHeaderFieldCount: 100)))
    let (ports, found) = AsyncStream.makeStream(of: Result<Int, any Error>.self)
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    let application = Application(
      responder: PageResponder(files: files, tokens: tokens),
      server: try tls.map { try .tls(plain, tlsConfiguration: $0.configuration) } ?? plain,
      configuration: ApplicationConfiguration(
        address: .hostname(host, port: port),
        availableConnectionsDelegate: MaximumAvailableConnections(512, logger: quiet)),
      onServerRunning: { found.yield(.success($0.localAddress?.port ?? port)) }, logger: quiet)
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
    case .success(let port):
      let name = host.contains(":") ? "[\(host)]" : host
      return PageServer(url: "\(tls == nil ? "http" : "https")://\(name):\(port)", serving)
    case .failure(let error):
      let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
      throw PageError.cannotListen(text, reason: reason)
    case nil: throw PageError.cannotListen(text, reason: "stopped")
    }
  }

  private init(url: String, _ serving: Task<Void, any Error>) {
    self.url = url
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

  private static func address(_ text: String) throws(PageError) -> (host: String, port: Int) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else { throw .address(text) }
    var host = text[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if isBracketed { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, isBracketed || !host.contains(":") else { throw .address(text) }
    return (String(host), port)
  }
}
