/// What is wrong with a key, a certificate or a cluster file.
public enum IdentityError: Error, Hashable, Sendable {
  /// A file cannot be read or written.
  case file(path: String, reason: String)
  /// A file that must not be replaced is there already.
  case exists(path: String)
  /// A private key is readable by others than its owner.
  case looseMode(path: String, mode: Int)
  /// A file is no PEM or DER of the kind it should be.
  case malformed(path: String, reason: String)
  /// The private key beside a certificate is not the certificate's.
  case keyMismatch(path: String)
  /// The certificate was not issued by the authority beside it.
  case wrongAuthority(path: String)
  /// The certificate may not issue others.
  case notAnAuthority(path: String)
  /// The own certificate is not valid at present.
  case notValidNow(name: String, from: String, until: String)
  /// A name cannot stand in a certificate.
  case badName(String)
  /// A period of validity is empty or outlives the authority.
  case badValidity(days: Int)
  /// A certificate could not be made or a key not used.
  case cryptography(reason: String)
  /// A key of a cluster file is not known; with the nearest known one if it is near.
  case unknownKey(String, nearest: String?, place: String)
  /// Something else in a cluster file is wrong.
  case cluster(reason: String)
}

extension IdentityError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let path, let reason): "\(path) cannot be used: \(reason)"
    case .exists(let path): "\(path) exists already and is not replaced; choose another folder or remove it yourself"
    case .looseMode(let path, let mode):
      "the private key \(path) may be read by others (mode \(String(mode, radix: 8))); run chmod 600 on it"
    case .malformed(let path, let reason): "\(path) is damaged or of another kind: \(reason)"
    case .keyMismatch(let path): "the private key in \(path) does not belong to the certificate beside it"
    case .wrongAuthority(let path): "the certificate in \(path) was not issued by the authority beside it"
    case .notAnAuthority(let path): "the certificate \(path) is not that of an authority"
    case .notValidNow(let name, let from, let until):
      "the certificate of \(name) is valid from \(from) until \(until), not now; issue a new one"
    case .badName(let name):
      "the name “\(name)” cannot be used: take 1 to 64 letters, digits, dots, hyphens or underscores"
    case .badValidity(let days):
      "a certificate cannot be valid for \(days) days: take 1 day or more, and no longer than its authority is valid"
    case .cryptography(let reason): "the certificate could not be made: \(reason)"
    case .unknownKey(let key, let nearest, let place):
      "the cluster file has an unknown key “\(key)” \(place); "
        + (nearest.map { "did you mean “\($0)”?" } ?? "remove it")
    case .cluster(let reason): "the cluster file is not valid: \(reason)"
    }
  }
}
