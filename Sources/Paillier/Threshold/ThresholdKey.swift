/// The public part of a key that any `threshold` of its holders together use, and fewer cannot.
///
/// A dealer makes the primes p = 2p′ + 1 and q = 2q′ + 1, shares d = 1/n modulo m = p′q′ by a polynomial of degree
/// threshold − 1 modulo m, and forgets all of it. For a ciphertext c of randomness ρ, that is c = (1 + M·n)·ρⁿ, the
/// holders compute powers of c modulo n from which everybody finds w = ρ^(4Δ²), Δ = holders!; then c^(4Δ²)·w⁻ⁿ = 1 +
/// 4Δ²·M·n.
///
/// - Threat model: semi-honest holders of whom fewer than the threshold pool their shares, and a dealer who forgets. A
///   wrong share is noticed, and its proof names the holder. What is decrypted is also opened: M and ρ^(4Δ²) of that
///   ciphertext, which for a sum of ciphertexts is simulated from the sum.
/// - Sources: key, sharing and Δ of Damgård and Jurik, *A Generalisation, a Simplification and Some Applications of
///   Paillier's Probabilistic Public-Key System*, PKC 2001, section 4.1; the shared exponent and work modulo n instead
///   of n² as in their *A Length-Flexible Threshold Cryptosystem with Applications*, ACISP 2003, after Shoup,
///   *Practical Threshold Signatures*, EUROCRYPT 2000; the root ρ from EUROCRYPT 1999, section 6. docs/PAILLIER.md says
///   why.
public struct ThresholdKey: Sendable, Equatable {
  public let publicKey: PublicKey
  /// Holders it takes.
  public let threshold: Int
  /// Holders there are, numbered from 1.
  public let holderCount: Int
  /// v, a random square modulo n.
  let verificationBase: BigInteger
  /// v to the power of each holder's share.
  let verificationKeys: [BigInteger]

  static let largestHolderCount = 64

  static func check(threshold: Int, holders: Int) throws(PaillierError) {
    guard (1...largestHolderCount).contains(holders), (1...holders).contains(threshold) else {
      throw .unusableThreshold(threshold: threshold, holders: holders)
    }
  }

  /// Δ = holders!.
  var delta: BigInteger { (1...holderCount).reduce(1) { $0 * BigInteger($1) } }
}

/// What one key-holder keeps to himself.
public struct KeyShare: Sendable {
  public let key: ThresholdKey
  /// The holder's number, from 1.
  public let holder: Int
  /// The polynomial's value at ``holder``, in `1 ..< m`.
  let exponent: BigInteger
}

extension KeyShare: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "‹share of key-holder \(holder)›" }
  public var debugDescription: String { description }
  /// Empty, which keeps `dump` and debuggers away from the exponent.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
