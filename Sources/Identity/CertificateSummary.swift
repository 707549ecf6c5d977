public import Foundation
internal import SwiftASN1
internal import X509

/// What a certificate says, for people.
public struct CertificateSummary: Hashable, Sendable {
  public let name: String
  /// `nil` for an authority.
  public let role: Role?
  public let validFrom: Date
  public let validUntil: Date
  /// The SHA-256 of the certificate.
  public let fingerprint: [UInt8]

  /// Reads a certificate, or the one in a folder of an identity or an authority.
  public init(at path: String) throws(IdentityError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw .file(path: path, reason: "it is not there")
    }
    guard isFolder.boolValue else {
      try self.init(try PEMFile.certificate(at: path))
      return
    }
    let candidates = [NodeIdentity.certificateFile, CertificateAuthority.certificateFile].map { path + "/" + $0 }
    guard let file = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw .file(path: path, reason: "there is no certificate in it")
    }
    try self.init(try PEMFile.certificate(at: file))
  }

  /// Reads a certificate's DER bytes.
  public init(bytes: [UInt8]) throws(IdentityError) {
    guard let certificate = try? Certificate(derEncoded: bytes) else {
      throw .malformed(path: "a certificate", reason: "it is no DER")
    }
    try self.init(certificate)
  }

  init(_ certificate: Certificate) throws(IdentityError) {
    name = certificate.commonName ?? "without a name"
    role = RoleExtension.role(of: certificate)
    validFrom = certificate.notValidBefore
    validUntil = certificate.notValidAfter
    do {
      fingerprint = Fingerprint.of(try certificate.derBytes())
    } catch {
      throw .cryptography(reason: "\(error)")
    }
  }

  /// The fingerprint as cluster files have it.
  public var fingerprintText: String { Fingerprint.text(fingerprint) }
}

extension CertificateSummary: CustomStringConvertible {
  public var description: String {
    """
    name         \(name)
    role         \(role?.rawValue ?? "authority")
    valid from   \(validFrom.formatted(.iso8601))
    valid until  \(validUntil.formatted(.iso8601))
    SHA-256      \(fingerprintText)
    """
  }
}
