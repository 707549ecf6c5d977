package import Crypto
public import Foundation
public import Transports
internal import X509

/// A process's own certificate and private key, and the authority that it trusts.
///
/// Its folder holds `certificate.pem`, `key.pem`, which only the owner can read, and `authority.pem`.
public struct NodeIdentity: Sendable {
  static let certificateFile = "certificate.pem"
  static let keyFile = "key.pem"

  public let name: String
  public let role: Role
  /// The SHA-256 of the certificate, for cluster files.
  public let fingerprint: [UInt8]
  /// The certificate, DER.
  public let certificateBytes: [UInt8]
  let certificate: Certificate
  let authority: Certificate
  private let key: P256.Signing.PrivateKey

  init(certificate: Certificate, key: P256.Signing.PrivateKey, authority: Certificate) throws(IdentityError) {
    guard let name = certificate.commonName, let role = RoleExtension.role(of: certificate) else {
      throw .malformed(path: NodeIdentity.certificateFile, reason: "it names no role of this project")
    }
    self.name = name
    self.role = role
    self.certificate = certificate
    self.key = key
    self.authority = authority
    do {
      certificateBytes = try certificate.derBytes()
    } catch {
      throw .cryptography(reason: "\(error)")
    }
    fingerprint = Fingerprint.of(certificateBytes)
  }

  /// Reads an identity's folder and checks that its files belong together; the dates are checked on use.
  public static func load(from folder: String) throws(IdentityError) -> NodeIdentity {
    let certificate = try PEMFile.certificate(at: folder + "/" + certificateFile)
    let authority = try PEMFile.certificate(at: folder + "/" + CertificateAuthority.certificateFile)
    let key = try PEMFile.privateKey(at: folder + "/" + keyFile)
    guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
      throw .keyMismatch(path: folder + "/" + keyFile)
    }
    guard authority.isAuthority else {
      throw .notAnAuthority(path: folder + "/" + CertificateAuthority.certificateFile)
    }
    guard authority.publicKey.isValidSignature(certificate.signature, for: certificate) else {
      throw .wrongAuthority(path: folder)
    }
    return try NodeIdentity(certificate: certificate, key: key, authority: authority)
  }

  /// Writes an identity's folder; replaces nothing.
  public func save(to folder: String) throws(IdentityError) {
    try KeyFile.makeFolder(folder)
    try KeyFile.write(key.pemRepresentation + "\n", to: folder + "/" + NodeIdentity.keyFile, isPrivate: true)
    try PEMFile.write(certificate, to: folder + "/" + NodeIdentity.certificateFile)
    try PEMFile.write(authority, to: folder + "/" + CertificateAuthority.certificateFile)
  }

  /// What `tacit keys show` prints.
  public var summary: CertificateSummary {
    get throws(IdentityError) { try CertificateSummary(certificate) }
  }

  /// The key that proves who this is, for signatures outside of TLS.
  package var signingKey: P256.Signing.PrivateKey { key }

  /// A policy that accepts the given roles under this identity's own authority.
  ///
  /// With `pins`, only certificates of these SHA-256 fingerprints.
  public func policy(
    accepting roles: Set<Role>, pins: Set<[UInt8]>? = nil, now: @escaping @Sendable () -> Date = { Date() }
  ) -> PeerPolicy {
    PeerPolicy(authority: authority, roles: roles, pins: pins, now: now)
  }

  /// This identity for TLS, with `policy` as the judge of peers. Fails where the own certificate is not valid at `now`.
  public func tlsSettings(_ policy: PeerPolicy, now: Date = Date()) throws -> TLSSettings {
    guard certificate.notValidBefore <= now, now <= certificate.notValidAfter else {
      throw IdentityError.notValidNow(
        name: name, from: certificate.notValidBefore.formatted(.iso8601),
        until: certificate.notValidAfter.formatted(.iso8601))
    }
    return try TLSSettings(
      chain: [certificateBytes], privateKey: Array(key.derRepresentation), fingerprint: fingerprint,
      trustedRoots: [try authority.derBytes()], verify: policy.judge)
  }
}
