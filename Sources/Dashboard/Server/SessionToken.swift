import Arithmetic
import Crypto

/// The secret in the page's address: who has it may look, until the server stops.
package struct SessionToken: Sendable {
  /// 128 bits from the operating system, in hexadecimal.
  package let text: String

  package static func random() -> SessionToken { SessionToken(text: Hexadecimal.text(SecureRandom.bytes(16))) }

  /// Compares digests in a time that says nothing about the token.
  package func matches(_ candidate: some StringProtocol) -> Bool {
    let given = SHA256.hash(data: Array(candidate.utf8))
    let wanted = SHA256.hash(data: Array(text.utf8))
    return zip(given, wanted).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// The cookie that the page's own requests carry. Browsers share cookies among a machine's ports: each server has its name.
  package var cookieName: String {
    "tacit-dashboard-" + Hexadecimal.text(Array(SHA256.hash(data: Array(text.utf8)).prefix(4)))
  }

  /// Whether one of a request's cookies is this token.
  package func isAmong(cookies: String) -> Bool {
    cookies.split(separator: ";").contains { cookie in
      let parts = cookie.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
      return parts.count == 2 && parts[0] == cookieName && matches(parts[1])
    }
  }
}
