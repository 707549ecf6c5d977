/// Where a SuperLink listens.
struct SuperLinkAddress: Hashable, Sendable {
  let host: String
  let port: Int
  let text: String

  /// - Parameter text: HOST:PORT, an IPv6 address in brackets.
  init(_ text: String) throws(FlowerError) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (1...65_535).contains(port)
    else { throw .badAddress(text) }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }) else {
      throw .badAddress(text)
    }
    (self.host, self.port, self.text) = (String(host), port, text)
  }

  /// Whether it is a number, which certificates name in another way.
  var isNumeric: Bool { host.contains(":") || host.utf8.allSatisfy { $0 == 0x2E || (0x30...0x39).contains($0) } }
}
