/// Where a server listens: `wss://host:port`, or `host:port`, with brackets around an IPv6 address.
struct LinkAddress: Hashable {
  let host: String
  let port: Int

  var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads an address; port 0 means any free one and is only of use to a listener.
  init(_ text: String, allowsAnyPort: Bool = false) throws(LinkError) {
    var rest = Substring(text)
    if rest.hasPrefix("wss://") {
      rest = rest.dropFirst(6)
    } else if text.contains("://") {
      throw .badAddress(text, reason: "it must start with wss://")
    }
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    let lowest = allowsAnyPort ? 0 : 1
    guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]), port >= lowest
    else { throw .badAddress(text, reason: "write wss://host:port with a port from \(lowest) to 65535") }
    var host = rest[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if isBracketed { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, isBracketed || !host.contains(":"), !host.contains(where: { $0 == "/" || $0.isWhitespace })
    else { throw .badAddress(text, reason: "write wss://host:port with a name or an address as host") }
    self.host = String(host)
    self.port = Int(port)
  }
}
