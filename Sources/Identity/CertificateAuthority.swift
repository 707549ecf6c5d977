internal import Crypto
public import Foundation
internal import SwiftASN1
internal import X509

/// The root of a deployment's trust: a P-256 key that issues the certificates of all its processes.
///
/// Its folder holds `authority.pem`, which everybody may have, and `authority-key.pem`, which only the owner can read.
public struct CertificateAuthority: Sendable {
  static let certificateFile = "authority.pem"
  static let keyFile = "authority-key.pem"

  let certificate: Certificate
  private let key: P256.Signing.PrivateKey

  /// A new authority, valid for ten years unless told otherwise.
  public static func create(
    name: String, days: Int = 3650, from start: Date = Date()
  ) throws(IdentityError) -> CertificateAuthority {
    let period = try Period(days: days, from: start)
    try checkName(name)
    let key = P256.Signing.PrivateKey()
    do {
      let subject = try DistinguishedName { CommonName(name) }
      let certificate = try Certificate(
        version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(key.publicKey),
        notValidBefore: period.start, notValidAfter: period.end, issuer: subject, subject: subject,
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: Certificate.Extensions {
          Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
          Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        },
        issuerPrivateKey: .init(key))
      return CertificateAuthority(certificate: certificate, key: key)
    } catch {
      throw .cryptography(reason: "\(error)")
    }
  }

  private init(certificate: Certificate, key: P256.Signing.PrivateKey) {
    self.certificate = certificate
    self.key = key
  }

  /// Reads an authority's folder.
  public static func load(from folder: String) throws(IdentityError) -> CertificateAuthority {
    let certificate = try PEMFile.certificate(at: folder + "/" + certificateFile)
    guard certificate.isAuthority else { throw .notAnAuthority(path: folder + "/" + certificateFile) }
    let key = try PEMFile.privateKey(at: folder + "/" + keyFile)
    guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
      throw .keyMismatch(path: folder + "/" + keyFile)
    }
    return CertificateAuthority(certificate: certificate, key: key)
  }

  /// Writes an authority's folder; replaces nothing.
  public func save(to folder: String) throws(IdentityError) {
    try KeyFile.makeFolder(folder)
    try KeyFile.write(key.pemRepresentation + "\n", to: folder + "/" + CertificateAuthority.keyFile, isPrivate: true)
    try PEMFile.write(certificate, to: folder + "/" + CertificateAuthority.certificateFile)
  }

  /// A new key and its certificate, for both ends of TLS.
  public func issue(
    role: Role, name: String, days: Int = 365, from start: Date = Date()
  ) throws(IdentityError) -> NodeIdentity {
    let period = try Period(days: days, from: start)
    guard period.end <= certificate.notValidAfter else { throw .badValidity(days: days) }
    try CertificateAuthority.checkName(name)
    let leafKey = P256.Signing.PrivateKey()
    do {
      let leaf = try Certificate(
        version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(leafKey.publicKey),
        notValidBefore: period.start, notValidAfter: period.end, issuer: certificate.subject,
        subject: DistinguishedName { CommonName(name) }, signatureAlgorithm: .ecdsaWithSHA256,
        extensions: Certificate.Extensions {
          Critical(BasicConstraints.notCertificateAuthority)
          Critical(KeyUsage(digitalSignature: true))
          try ExtendedKeyUsage([.serverAuth, .clientAuth])
          try RoleExtension.extending(role)
        },
        issuerPrivateKey: .init(key))
      return try NodeIdentity(certificate: leaf, key: leafKey, authority: certificate)
    } catch {
      throw .cryptography(reason: "\(error)")
    }
  }

  /// What `tacit keys show` prints.
  public var summary: CertificateSummary {
    get throws(IdentityError) { try CertificateSummary(certificate) }
  }

  private static func checkName(_ name: String) throws(IdentityError) {
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
      default: false
      }
    }
    guard isPlain, (1...64).contains(name.utf8.count) else { throw .badName(name) }
  }
}

/// From when until when a certificate is valid.
private struct Period {
  let start: Date
  let end: Date

  /// `days` from `start`; begins five minutes earlier, for clocks that differ.
  init(days: Int, from start: Date) throws(IdentityError) {
    guard (1...36500).contains(days) else { throw .badValidity(days: days) }
    self.start = start.addingTimeInterval(-300)
    end = start.addingTimeInterval(Double(days) * 86400)
  }
}
