/// Which moduli are accepted.
///
/// Small ones are broken in hours on a laptop; they keep tests quick and are out of reach of other packages.
package enum KeySize: Sendable {
  case secure, insecureForTests

  /// Whether a modulus may have so many bits.
  func check(_ bits: Int) throws(PaillierError) {
    let isOffered =
      switch self {
      case .secure: (2048...8192).contains(bits) && bits % 1024 == 0
      case .insecureForTests: (256...8192).contains(bits) && bits % 128 == 0
      }
    guard isOffered else { throw .keySize(bits: bits) }
  }
}
