internal import Foundation
internal import SwiftASN1
public import Transports
internal import X509

/// Decides whether a peer's certificate is accepted: signature, dates, role and pin.
///
/// TLS has then still to prove that the peer holds the private key, which it does by itself.
public struct PeerPolicy: Sendable {
  private let authority: Certificate
  private let roles: Set<Role>
  private let pins: Set<[UInt8]>?
  private let now: @Sendable () -> Date

  init(authority: Certificate, roles: Set<Role>, pins: Set<[UInt8]>?, now: @escaping @Sendable () -> Date) {
    self.authority = authority
    self.roles = roles
    self.pins = pins
    self.now = now
  }

  /// Judges a chain of DER certificates, the peer's own first. Only the authority itself may have issued it.
  public func judge(_ chain: [[UInt8]]) -> Result<PeerIdentity, NotTrusted> {
    Result { () throws(NotTrusted) in try accept(chain) }
  }

  private func accept(_ chain: [[UInt8]]) throws(NotTrusted) -> PeerIdentity {
    guard let bytes = chain.first, let leaf = try? Certificate(derEncoded: bytes) else {
      throw NotTrusted("it shows no readable certificate")
    }
    let name = leaf.commonName ?? "without a name"
    try checkIssuer(of: leaf, name)
    try checkDates(of: leaf, name)
    let role = try acceptedRole(of: leaf, name)
    let fingerprint = Fingerprint.of(bytes)
    if let pins, !pins.contains(fingerprint) {
      throw NotTrusted(
        "the certificate of \(name) has the fingerprint \(Fingerprint.text(fingerprint)), which is not pinned here")
    }
    return PeerIdentity(certificate: bytes, fingerprint: fingerprint, name: name, role: role.rawValue)
  }

  private func checkIssuer(of leaf: Certificate, _ name: String) throws(NotTrusted) {
    guard leaf.issuer == authority.subject, authority.publicKey.isValidSignature(leaf.signature, for: leaf) else {
      throw NotTrusted(
        "the certificate of \(name) was not issued by the authority \(authority.commonName ?? "without a name")")
    }
    guard !leaf.isAuthority else { throw NotTrusted("the certificate of \(name) is that of an authority") }
    // A critical extension that is not understood must not be ignored: RFC 5280, section 4.2.
    let known: [ASN1ObjectIdentifier] = [.X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage]
    guard leaf.extensions.allSatisfy({ !$0.critical || known.contains($0.oid) }) else {
      throw NotTrusted("the certificate of \(name) has a critical extension that is not understood")
    }
  }

  private func checkDates(of leaf: Certificate, _ name: String) throws(NotTrusted) {
    let date = now()
    for (certificate, owner) in [(leaf, name), (authority, "the authority")] {
      guard certificate.notValidBefore <= date else {
        throw NotTrusted(
          "the certificate of \(owner) is valid only from \(certificate.notValidBefore.formatted(.iso8601))")
      }
      guard date <= certificate.notValidAfter else {
        throw NotTrusted("the certificate of \(owner) expired on \(certificate.notValidAfter.formatted(.iso8601))")
      }
    }
  }

  private func acceptedRole(of leaf: Certificate, _ name: String) throws(NotTrusted) -> Role {
    let wanted = roles.map(\.rawValue).sorted().joined(separator: " or ")
    guard let role = RoleExtension.role(of: leaf) else {
      throw NotTrusted("the certificate of \(name) names no known role where \(wanted) is required")
    }
    guard roles.contains(role) else {
      throw NotTrusted("\(name) has the role \(role.rawValue) where \(wanted) is required")
    }
    return role
  }
}
