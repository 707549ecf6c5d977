import Foundation
import Hummingbird
import NIOCore

/// Answers those who watch a server.
struct MonitorResponder: HTTPResponder {
  typealias Context = BasicRequestContext

  let registry: MetricsRegistry
  let process: ProcessFigures
  let source: MonitorServer.Source

  /// What `/health` and `/ready` say.
  private struct State: Encodable {
    var status: String
    var reason: String?
  }

  func respond(to request: Request, context: Context) async throws -> Response {
    guard request.method == .get else {
      var response = Self.response(.methodNotAllowed, "This server only answers GET.\n", "text/plain; charset=utf-8")
      response.headers[.allow] = "GET"
      return response
    }
    switch request.uri.path {
    case "/metrics":
      process.update(registry)
      await source.update()
      return Self.response(.ok, PrometheusText.of(registry), PrometheusText.contentType)
    case "/health": return try Self.response(.ok, State(status: "alive"))
    case "/ready":
      guard let fault = await source.fault() else { return try Self.response(.ok, State(status: "ready")) }
      return try Self.response(.serviceUnavailable, State(status: "not ready", reason: fault))
    case _:
      return Self.response(.notFound, "Ask for /metrics, /health or /ready.\n", "text/plain; charset=utf-8")
    }
  }

  private static func response(_ status: HTTPResponse.Status, _ state: State) throws -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return response(status, String(decoding: try encoder.encode(state), as: UTF8.self) + "\n", "application/json")
  }

  private static func response(_ status: HTTPResponse.Status, _ text: String, _ contentType: String) -> Response {
    var headers = HTTPFields()
    headers[.contentType] = contentType
    headers[.cacheControl] = "no-store"
    headers[.xContentTypeOptions] = "nosniff"
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
