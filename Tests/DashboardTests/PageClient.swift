import Dashboard
import Foundation
import Logging
import NIOCore
import NIOPosix

/// Asks a dashboard over a socket of its own, byte for byte.
struct PageClient {
  let server: DashboardServer

  struct Answer {
    let status: Int
    let headers: [String: String]
    let body: String

    init(_ text: String) {
      let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
      let lines = (parts.first ?? "").split(separator: "\r\n")
      status = Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0
      let pairs = lines.dropFirst().compactMap { line -> (String, String)? in
        guard let colon = line.firstIndex(of: ":") else { return nil }
        return (line[..<colon].lowercased(), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
      }
      headers = Dictionary(pairs) { first, _ in first }
      body = parts.count > 1 ? String(parts[1]) : ""
    }
  }

  /// A server with few places for watchers that shows changes at once.
  static func with(_ run: FakeRun, watcherLimit: Int = 2, _ body: (PageClient) async throws -> Void) async throws {
    var pace = EventPace()
    (pace.tick, pace.rest) = (.milliseconds(50), .zero)
    let server = try await DashboardServer.start(
      at: "127.0.0.1:0", showing: run, watcherLimit: watcherLimit, pace: pace,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    do {
      try await body(PageClient(server: server))
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  var token: String { String(server.url.drop { $0 != "=" }.dropFirst()) }
  var port: Int { Int(server.url.dropFirst("http://127.0.0.1:".count).prefix { $0 != "/" }) ?? 0 }

  func ask(_ path: String, method: String = "GET", cookie: String? = nil) async throws -> Answer {
    try await Answer(read(path, method: method, cookie: cookie) { _ in false })
  }

  /// What comes until it is enough, or the server closes.
  func read(
    _ path: String, method: String = "GET", cookie: String? = nil, until isEnough: (String) async throws -> Bool
  ) async throws -> String {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    let cookies = cookie.map { "Cookie: \($0)\r\n" } ?? ""
    return try await channel.executeThenClose { inbound, outbound in
      try await outbound.write(
        ByteBuffer(string: "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(cookies)\r\n"))
      var text = ""
      for try await part in inbound {
        text += String(buffer: part)
        if try await isEnough(text) { break }
      }
      return text
    }
  }
}
