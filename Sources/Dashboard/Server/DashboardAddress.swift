import Foundation

/// Where the page is served.
package struct DashboardAddress: Hashable, Sendable {
  package let host: String
  package let port: Int

  /// Reads `HOST:PORT`; an IPv6 address stands in brackets, and port 0 is any that is free.
  package init(_ text: String) throws(DashboardError) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else { throw .address(text) }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      throw .address(text)
    }
    guard !host.isEmpty else { throw .address(text) }
    self.host = host
    self.port = port
  }

  /// Whether only this machine reaches it.
  package var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

  /// The address for a browser: one that stands for all of this machine's is told by the machine's name.
  package func url(port: Int, token: SessionToken) -> String {
    let isAny = host == "0.0.0.0" || host == "::"
    let name = isAny ? ProcessInfo.processInfo.hostName : host.contains(":") ? "[\(host)]" : host
    return "http://\(name):\(port)/?token=\(token.text)"
  }
}
