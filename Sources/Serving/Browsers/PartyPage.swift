import Crypto
import Foundation

/// Where pages send a party's shares, and to which key they seal them.
public struct PartyPage: Hashable, Sendable, Codable {
  /// `wss://name:port`.
  public var url: String
  /// The point of P-256 as 65 bytes, base64.
  public var key: String

  /// Whether a page may be told so: what a party says of itself stands in the page's policy.
  var isSound: Bool {
    guard Self.isAddress(url), let bytes = Data(base64Encoded: key) else { return false }
    return (try? P256.KeyAgreement.PublicKey(x963Representation: bytes)) != nil
  }

  /// Whether it is `wss://`, a name or an address, and a port, if any.
  static func isAddress(_ text: String) -> Bool {
    text.utf8.count <= 300
      && text.wholeMatch(of: /wss:\/\/([A-Za-z0-9.\-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?/) != nil
  }
}
