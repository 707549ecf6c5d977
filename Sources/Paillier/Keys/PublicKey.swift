/// A public key of Paillier's cryptosystem: a modulus n = p·q of two secret primes, and g = n + 1.
///
/// A ciphertext of m is (1 + m·n)·rⁿ modulo n². Plaintexts are whole numbers between −(n − 1)/2 and (n − 1)/2.
///
/// - Assumption: decisional composite residuosity; with ``PrecomputedEncryptor`` also that of short exponents.
/// - Source: *Public-Key Cryptosystems Based on Composite Degree Residuosity Classes*, EUROCRYPT 1999, scheme 1.
public struct PublicKey: Sendable, Equatable {
  /// n.
  public let modulus: BigInteger
  /// h = −x² modulo n for a random x, where the key's owner says that n is made for it; see ``PrecomputedEncryptor``.
  public let shortBase: BigInteger?
  /// n².
  let square: BigInteger

  /// Bits of n.
  public var bitCount: Int { modulus.bitCount }
  public var ciphertextByteCount: Int { bitCount / 4 }
  var limbCount: Int { bitCount / 64 }
  /// (n − 1)/2, the largest plaintext.
  var largestPlaintext: BigInteger { modulus.quotient(by: 2) }

  /// A key from its numbers.
  public init(modulus: BigInteger, shortBase: BigInteger? = nil) throws(PaillierError) {
    try self.init(modulus: modulus, shortBase: shortBase, size: .secure)
  }

  package init(modulus: BigInteger, shortBase: BigInteger?, size: KeySize) throws(PaillierError) {
    guard !modulus.isNegative else { throw .notAKey(reason: "the modulus is negative") }
    try size.check(modulus.bitCount)
    guard Primes.small.allSatisfy({ modulus.remainder(by: $0) != 0 }), modulus.isOdd else {
      throw .notAKey(reason: "the modulus has a small factor")
    }
    if let shortBase {
      // −x² has Jacobi's symbol 1, as −1 has it over a product of two primes that leave 3 modulo 4.
      guard shortBase > 1, shortBase < modulus, shortBase.jacobiSymbol(over: modulus) == 1 else {
        throw .notAKey(reason: "the base of short randomness is not of the form −x² modulo n")
      }
    }
    self.modulus = modulus
    self.shortBase = shortBase
    square = modulus * modulus
  }

  /// A plaintext as a number of `0 ..< n`.
  func residue(of plaintext: BigInteger) throws(PaillierError) -> BigInteger {
    guard plaintext.magnitude <= largestPlaintext else { throw .plaintextOutOfRange(bits: plaintext.bitCount) }
    return plaintext.modulo(modulus)
  }

  /// A number of `0 ..< n` as a plaintext with its sign.
  func signed(_ residue: BigInteger) -> BigInteger {
    residue > largestPlaintext ? residue - modulus : residue
  }
}
