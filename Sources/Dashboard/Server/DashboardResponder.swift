import Hummingbird
import Logging
import NIOCore
import WebServing

/// Answers requests for the page: GET only, and only to those who have the token.
struct DashboardResponder<Source: DashboardSource>: HTTPResponder {
  typealias Context = BasicRequestContext

  let source: Source
  let token: SessionToken
  let seats: WatcherSeats
  let pace: EventPace

  func respond(to request: Request, context: Context) async throws -> Response {
    guard request.method == .get else {
      return Self.refusal(.methodNotAllowed, "This server only answers GET.", [.allow: "GET"])
    }
    let query = request.uri.queryParameters
    let offered = query["token"]
    let hasToken = offered.map { token.matches($0) } ?? token.isAmong(cookies: request.headers[.cookie] ?? "")
    guard hasToken else {
      return Self.refusal(
        .unauthorized,
        "This page opens with the address that tacit coordinator printed when it started, token included.")
    }
    let job = query["job"].map(String.init)
    guard let route = DashboardRoute(path: request.uri.path, job: job) else {
      return Self.refusal(.notFound, "There is nothing at this address.")
    }
    // The token leaves the address line, where others might read it over a shoulder.
    if offered != nil, route == .file(.page) { return welcome }
    do {
      return try await answer(to: route, request)
    } catch {
      context.logger.error("the dashboard cannot be shown", metadata: ["reason": "\(error)"])
      return Self.refusal(.internalServerError, "The coordinator cannot read its state; its log says why.")
    }
  }

  private func answer(to route: DashboardRoute, _ request: Request) async throws -> Response {
    switch route {
    case .file(let file): return Self.response(file.bytes, file.contentType)
    case .jobs: return try Self.json(await source.jobs())
    case .workers: return try Self.json(await source.workers())
    case .rounds(let job):
      guard try await source.jobs().contains(where: { $0.id == job }) else { return Self.noSuchJob }
      return try Self.json(await source.rounds(of: job, after: Int.min))
    case .report(let job):
      guard let record = try await source.jobs().first(where: { $0.id == job }) else { return Self.noSuchJob }
      let page = try RunPage.report(
        job: record, rounds: await source.rounds(of: job, after: Int.min), workers: await source.workers())
      var response = Self.response(Array(page.utf8), PageFile.page.contentType)
      response.headers[.contentDisposition] = "attachment; filename=\"report.html\""
      return response
    case .events(let job): return events(of: job, request)
    }
  }

  private func events(of job: String?, _ request: Request) -> Response {
    guard let seat = seats.take() else {
      return Self.refusal(
        .serviceUnavailable, "Too many pages watch this coordinator; close one of them.", [.retryAfter: "5"])
    }
    let stream = EventStream(source: source, choice: job, pace: pace)
    let body = ResponseBody { writer in
      // The seat is held as long as this closure is.
      _ = seat
      try await request.body.consumeWithCancellationOnInboundClose { _ in
        try await stream.run { try await writer.write(ByteBuffer(string: $0)) }
      }
      try await writer.finish(nil)
    }
    var headers = Self.headers
    headers[.contentType] = "text/event-stream"
    return Response(status: .ok, headers: headers, body: body)
  }

  /// Load from here alone.
  private static var headers: HTTPFields {
    SecurityHeaders.fields(
      contentSecurityPolicy:
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
  }

  private var welcome: Response {
    var headers = Self.headers
    headers[.location] = "/"
    headers[.setCookie] = "\(token.cookieName)=\(token.text); HttpOnly; SameSite=Strict; Path=/"
    return Response(status: .seeOther, headers: headers)
  }

  private static var noSuchJob: Response { refusal(.notFound, "There is no job of that name.") }

  private static func json(_ value: some Encodable) throws -> Response {
    response(Array(try ViewCoding.json(value).utf8), "application/json")
  }

  private static func response(_ bytes: [UInt8], _ contentType: String) -> Response {
    var headers = Self.headers
    headers[.contentType] = contentType
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  private static func refusal(
    _ status: HTTPResponse.Status, _ sentence: String, _ more: HTTPFields = [:]
  ) -> Response {
    var headers = Self.headers
    headers[.contentType] = "text/plain; charset=utf-8"
    headers.append(contentsOf: more)
    return Response(
      status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: sentence + "\n")))
  }
}
