import Crypto
import Foundation
import Identity

/// The key to which shares for a party are sealed, with the party's signature on it.
///
/// The key lives as long as the party's process and is written nowhere: what was sealed for a party that ended stays
/// sealed.
package struct PartyCredential: Codable, Hashable, Sendable {
  /// DER.
  package let certificate: [UInt8]
  /// X25519.
  let key: [UInt8]
  /// ECDSA with P-256 and SHA-256 by the certificate's key, over a label and the key.
  let signature: [UInt8]

  init(_ key: Curve25519.KeyAgreement.PublicKey, of identity: NodeIdentity) throws {
    certificate = identity.certificateBytes
    self.key = [UInt8](key.rawRepresentation)
    signature = [UInt8](try identity.signingKey.signature(for: Self.signed(self.key)).rawRepresentation)
  }

  private static func signed(_ key: [UInt8]) -> Data { Data("tacit/party-key/1|".utf8) + key }

  /// The key, if it is that of the party with this certificate.
  ///
  /// - Throws: ``ServingError/untrusted(_:)``.
  func key(ofCertificate fingerprint: [UInt8], party: Int) throws -> Curve25519.KeyAgreement.PublicKey {
    guard Fingerprint.of(certificate) == fingerprint else {
      throw ServingError.untrusted("the key for party \(party) is that of another certificate than the one pinned here")
    }
    guard let signer = try? CertifiedKey.key(of: certificate),
      let own = try? P256.Signing.ECDSASignature(rawRepresentation: signature),
      signer.isValidSignature(own, for: Self.signed(key)),
      let sealing = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: key)
    else { throw ServingError.untrusted("the key for party \(party) is not signed by it") }
    return sealing
  }
}
