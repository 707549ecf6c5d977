internal import Foundation
internal import SwiftProtobuf

/// Calls of one of Flower's services: protobuf in bodies of HTTP.
struct ProtobufCaller: Sendable {
  let address: SuperLinkAddress
  private let connection: HTTPConnection
  private let component: String

  /// - Parameter component: as what Flower counts this program.
  init(_ address: SuperLinkAddress, _ trust: SuperLinkTrust, as component: String) {
    self.address = address
    self.component = component
    connection = HTTPConnection(to: address, trust)
  }

  func close() async { await connection.close() }

  /// - Throws: ``FlowerError/runIsOver``, ``FlowerError/refused(address:status:reason:)`` and what breaks connections.
  func call<Response: SwiftProtobuf.Message>(
    _ path: String, _ request: some SwiftProtobuf.Message, headers: [(String, String)] = [],
    within patience: Duration = .seconds(60)
  ) async throws(FlowerError) -> Response {
    let all =
      [
        ("content-type", "application/protobuf"), ("accept", "application/protobuf"), ("flwr-package-name", "flwr"),
        ("flwr-package-version", "1.42.0"), ("flwr-component-name", component),
      ] + headers
    let answer = try await connection.post(path, all, try Wire.bytes(of: request), within: patience)
    guard answer.status != 200 else { return try Wire.message(answer.body) }
    let refusal = Refusal(answer.body)
    if refusal?.code == Refusal.runStatusNotAllowed { throw .runIsOver }
    throw .refused(address: address.text, status: answer.status, reason: refusal?.detail ?? "")
  }
}

/// What Flower says of an error, in JSON.
private struct Refusal: Decodable {
  static let runStatusNotAllowed = 2007
  private static let longest = 500

  let code: Int?
  let detail: String?

  init?(_ body: [UInt8]) {
    guard body.count <= 1 << 16, let read = try? JSONDecoder().decode(Self.self, from: Data(body)) else { return nil }
    code = read.code
    // Some other machine's words go into a log line.
    detail = read.detail.map { text in
      String(
        String.UnicodeScalarView(
          text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }.prefix(Self.longest)))
    }
  }
}
