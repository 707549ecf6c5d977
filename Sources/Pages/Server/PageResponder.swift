import Hummingbird
import NIOCore
import WebServing

/// Answers requests for the page's files, and gives tokens to the page's own script.
struct PageResponder: HTTPResponder {
  typealias Context = BasicRequestContext

  let files: PageFiles
  let tokens: TokenStock?

  func respond(to request: Request, context: Context) async throws -> Response {
    let name = request.uri.path == "/" ? PageFiles.index : String(request.uri.path.dropFirst())
    if name == "token" { return token(for: request) }
    guard request.method == .get || request.method == .head else {
      return answer(.methodNotAllowed, "This server answers GET.", [.allow: "GET, HEAD"])
    }
    guard let bytes = files.files[name] else { return answer(.notFound, "There is nothing at this address.") }
    var headers = fields
    headers[.contentType] = PageFiles.contentType(of: name)
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// A token for one question, to a script of this page: browsers tell who asks.
  private func token(for request: Request) -> Response {
    guard request.method == .post else {
      return answer(.methodNotAllowed, "A token is asked for by POST.", [.allow: "POST"])
    }
    guard let site = HTTPFields.Element.Name("Sec-Fetch-Site"), request.headers[site] == "same-origin" else {
      return answer(.forbidden, "Tokens are for this page alone.")
    }
    guard let tokens else {
      return answer(.serviceUnavailable, "This page has no tokens to give: ask its owner for one.")
    }
    guard let token = tokens.take() else {
      return answer(
        .serviceUnavailable, "All questions that this page may ask have been asked: its owner must add tokens.")
    }
    return answer(.ok, token)
  }

  private func answer(_ status: HTTPResponse.Status, _ text: String, _ more: HTTPFields = [:]) -> Response {
    var headers = fields
    headers[.contentType] = "text/plain; charset=utf-8"
    headers.append(contentsOf: more)
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
  }

  private var fields: HTTPFields {
    SecurityHeaders.fields(contentSecurityPolicy: files.contentSecurityPolicy + "; frame-ancestors 'none'")
  }
}
