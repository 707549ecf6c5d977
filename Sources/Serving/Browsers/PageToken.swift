import Arithmetic
import Crypto
public import Foundation
public import Identity

/// Leave to ask a model one question from a page, signed by the model's owner.
///
/// In text it is two parts with a dot between them, each base64 as for addresses (RFC 4648, section 5, unpadded): the
/// token in JSON, and the owner's signature over a label and those bytes (ECDSA with P-256 and SHA-256, 64 bytes).
public struct PageToken: Hashable, Sendable, Codable {
  /// Which sharing of which model: ``ModelCard/key``.
  public let key: String
  /// 16 random bytes, in hexadecimal.
  public let id: String
  /// In seconds since 1970.
  public let expires: Int

  /// What a model is called.
  var model: String { String(key.prefix { $0 != "@" }) }

  static let largest = 1024
  private static let label = Data("tacit/page-token/1|".utf8)

  /// Tokens for a model that this identity has shared.
  ///
  /// - Throws: ``ServingError/badRequest(_:)`` for another number than 1 to 100,000.
  public static func issue(
    _ count: Int, for card: ModelCard, until expires: Date, by owner: NodeIdentity
  ) throws -> [String] {
    guard (1...100_000).contains(count) else {
      throw ServingError.badRequest("1 to 100000 tokens are made at once, not \(count)")
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try (0..<count).map { _ in
      let token = PageToken(
        key: card.key, id: Hexadecimal.text(SecureRandom.bytes(16)), expires: Int(expires.timeIntervalSince1970))
      let payload = try encoder.encode(token)
      let signature = try owner.signingKey.signature(for: label + payload).rawRepresentation
      return payload.addressText + "." + signature.addressText
    }
  }

  /// A token as a caller shows it.
  struct Shown: Sendable {
    let token: PageToken
    private let payload: Data
    private let signature: P256.Signing.ECDSASignature

    /// - Throws: ``ServingError/badRequest(_:)`` for what is none.
    init(_ text: String) throws {
      let parts = text.utf8.count <= PageToken.largest ? text.split(separator: ".") : []
      guard parts.count == 2, let payload = Data(addressText: parts[0]), let bytes = Data(addressText: parts[1]),
        let token = try? JSONDecoder().decode(PageToken.self, from: payload), token.id.utf8.count == 32,
        let signature = try? P256.Signing.ECDSASignature(rawRepresentation: bytes)
      else { throw ServingError.badRequest("what was given as a token is none: copy it whole") }
      self.token = token
      self.payload = payload
      self.signature = signature
    }

    /// - Parameter owner: a public key, X9.63.
    func isSigned(by owner: Data) -> Bool {
      guard let key = try? P256.Signing.PublicKey(x963Representation: owner) else { return false }
      return key.isValidSignature(signature, for: PageToken.label + payload)
    }
  }
}

extension Data {
  /// Base64 of the alphabet for addresses, without padding.
  fileprivate var addressText: String {
    base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
      .replacingOccurrences(of: "=", with: "")
  }

  fileprivate init?(addressText text: Substring) {
    guard !text.contains(where: { "+/=".contains($0) }) else { return nil }
    let plain = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    self.init(base64Encoded: plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4))
  }
}
