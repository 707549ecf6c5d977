/// Where a web server listens.
public struct WebAddress: Hashable, Sendable {
  public let host: String
  /// Zero is any port that is free.
  public let port: Int

  /// Reads `HOST:PORT`, where an IPv6 address stands in brackets; `nil` for anything else.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    var host = text[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if isBracketed { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, isBracketed || !host.contains(":") else { return nil }
    (self.host, self.port) = (String(host), Int(port))
  }

  /// The host as it stands before a port.
  public var name: String { host.contains(":") ? "[\(host)]" : host }

  /// Whether only this machine reaches it.
  public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}
