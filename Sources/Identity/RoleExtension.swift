internal import SwiftASN1
internal import X509

/// The certificate extension that names a ``Role``, as a UTF8String.
enum RoleExtension {
  /// Under the arc that RFC 5612 sets aside for examples, until the project has one of its own.
  static let identifier: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 32473, 7401, 1]

  static func extending(_ role: Role) throws -> Certificate.Extension {
    var serializer = DER.Serializer()
    try serializer.serialize(ASN1UTF8String(role.rawValue))
    return Certificate.Extension(oid: identifier, critical: false, value: serializer.serializedBytes[...])
  }

  /// The role a certificate names; `nil` where it names none that is known.
  static func role(of certificate: Certificate) -> Role? {
    guard let found = certificate.extensions[oid: identifier],
      let text = try? ASN1UTF8String(derEncoded: DER.parse(found.value))
    else { return nil }
    return Role(rawValue: String(text))
  }
}

extension Certificate {
  /// The common name of the subject.
  var commonName: String? {
    for name in subject {
      for attribute in name where attribute.type == .RDNAttributeType.commonName {
        return String(attribute.value)
      }
    }
    return nil
  }

  /// The certificate itself, DER.
  func derBytes() throws -> [UInt8] {
    var serializer = DER.Serializer()
    try serializer.serialize(self)
    return serializer.serializedBytes
  }

  /// Whether it may issue others.
  var isAuthority: Bool {
    guard let constraints = try? extensions.basicConstraints else { return false }
    return switch constraints {
    case .isCertificateAuthority: true
    case .notCertificateAuthority: false
    }
  }
}
