internal import Arithmetic
internal import Crypto

/// The name of an object: the SHA-256 of all its bytes, as 64 hexadecimal digits.
public struct ObjectID: Hashable, Sendable {
  public let text: String

  /// `nil` where the text is no such name.
  public init?(_ text: String) {
    guard text.utf8.count == 64, text.utf8.allSatisfy(Self.isDigit) else { return nil }
    self.text = text
  }

  package init(of bytes: [UInt8]) {
    text = Hexadecimal.text(SHA256.hash(data: bytes))
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}
