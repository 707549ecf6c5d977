package import Crypto
internal import SwiftASN1
internal import X509

/// The public key of a process's certificate, for signatures outside of TLS.
package enum CertifiedKey {
  /// The name and key in a PEM file.
  ///
  /// - Throws: ``IdentityError`` where it is no certificate of this project.
  package static func load(from path: String) throws(IdentityError) -> (name: String, key: P256.Signing.PublicKey) {
    let certificate = try PEMFile.certificate(at: path)
    guard let name = certificate.commonName, let key = P256.Signing.PublicKey(certificate.publicKey) else {
      throw .malformed(path: path, reason: "its key is not of the curve P-256, or it has no name")
    }
    return (name, key)
  }

  /// The key of a certificate in DER, as a connection shows it.
  package static func key(of certificate: [UInt8]) throws(IdentityError) -> P256.Signing.PublicKey {
    guard let parsed = try? Certificate(derEncoded: certificate), let key = P256.Signing.PublicKey(parsed.publicKey)
    else { throw .cryptography(reason: "a certificate's key is not of the curve P-256") }
    return key
  }
}
