internal import Crypto
internal import SwiftASN1
internal import X509

/// Certificates and private keys as PEM files.
enum PEMFile {
  static func certificate(at path: String) throws(IdentityError) -> Certificate {
    let text = try KeyFile.read(path)
    do {
      return try Certificate(pemEncoded: text)
    } catch {
      throw .malformed(path: path, reason: "it holds no PEM certificate")
    }
  }

  static func privateKey(at path: String) throws(IdentityError) -> P256.Signing.PrivateKey {
    let text = try KeyFile.readPrivate(path)
    do {
      return try P256.Signing.PrivateKey(pemRepresentation: text)
    } catch {
      throw .malformed(path: path, reason: "it holds no PEM private key for P-256")
    }
  }

  static func write(_ certificate: Certificate, to path: String) throws(IdentityError) {
    let text: String
    do {
      text = try certificate.serializeAsPEM().pemString
    } catch {
      throw .cryptography(reason: "\(error)")
    }
    try KeyFile.write(text + "\n", to: path, isPrivate: false)
  }
}
