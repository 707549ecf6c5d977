import Crypto
import Foundation
import SwiftASN1
import X509

/// An authority as browsers know them, for certificates of `localhost`.
package struct WebAuthority {
  let certificate: Certificate
  private let key = P256.Signing.PrivateKey()

  package init() throws {
    let name = try DistinguishedName { CommonName("Tacit test web authority") }
    certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(key.publicKey),
      notValidBefore: Date(timeIntervalSinceNow: -3600), notValidAfter: Date(timeIntervalSinceNow: 86_400),
      issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true))
      }, issuerPrivateKey: .init(key))
  }

  /// Writes a certificate for `localhost`, which is 127.0.0.1 too, and its key, as PEM files.
  package func issue(in folder: String) throws -> (certificate: String, key: String) {
    let leafKey = P256.Signing.PrivateKey()
    let leaf = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(leafKey.publicKey),
      notValidBefore: Date(timeIntervalSinceNow: -3600), notValidAfter: Date(timeIntervalSinceNow: 86_400),
      issuer: certificate.subject, subject: DistinguishedName { CommonName("localhost") },
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames([
          .dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
        ])
      }, issuerPrivateKey: .init(key))
    let paths = (folder + "/web.pem", folder + "/web-key.pem")
    try leaf.serializeAsPEM().pemString.write(toFile: paths.0, atomically: true, encoding: .utf8)
    _ = FileManager.default.createFile(
      atPath: paths.1, contents: Data(leafKey.pemRepresentation.utf8), attributes: [.posixPermissions: 0o600])
    return paths
  }

  /// Writes the authority's own certificate, as a browser imports it.
  package func save(to path: String) throws {
    try certificate.serializeAsPEM().pemString.write(toFile: path, atomically: true, encoding: .utf8)
  }
}
