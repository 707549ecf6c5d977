/// What everybody can do with ciphertexts. Results are computed from the operands alone: whoever knows these recognises
/// them, so a result that must not be linked to its operands is re-randomised.
extension PublicKey {
  /// Encrypts with full randomness r < n: one power of n modulo n², which ``PrecomputedEncryptor`` does in a tenth.
  ///
  /// r is the base of that power, the exponent n is public; the multiplication by 1 + m·n follows GMP's usual timing.
  public func encrypt(_ plaintext: BigInteger) throws(PaillierError) -> Ciphertext {
    let residue = try residue(of: plaintext)
    return Ciphertext(value: ((1 + residue * modulus) * randomPower()).modulo(square))
  }

  /// The sum of two plaintexts.
  public func add(_ a: Ciphertext, _ b: Ciphertext) -> Ciphertext {
    Ciphertext(value: (a.value * b.value).modulo(square))
  }

  /// The sum of a plaintext and a number known here.
  public func add(_ a: Ciphertext, _ plaintext: BigInteger) throws(PaillierError) -> Ciphertext {
    let residue = try residue(of: plaintext)
    return Ciphertext(value: (a.value * (1 + residue * modulus)).modulo(square))
  }

  /// A plaintext times a number known here, whose size alone the running time tells.
  public func multiply(_ a: Ciphertext, by factor: BigInteger) throws(PaillierError) -> Ciphertext {
    guard factor.magnitude <= largestPlaintext else { throw .plaintextOutOfRange(bits: factor.bitCount) }
    guard !factor.isZero else { return Ciphertext(value: 1) }
    let power = a.value.secretPower(factor.magnitude, modulo: square)
    guard factor.isNegative else { return Ciphertext(value: power) }
    guard let inverse = power.inverse(modulo: square) else {
      throw .malformed(what: "a ciphertext", reason: "it is not a unit modulo the square of the key's modulus")
    }
    return Ciphertext(value: inverse)
  }

  /// Another ciphertext of the same plaintext that nobody without the private key can link to this one.
  public func rerandomise(_ a: Ciphertext) -> Ciphertext {
    Ciphertext(value: (a.value * randomPower()).modulo(square))
  }

  /// rⁿ modulo n² for a random r.
  private func randomPower() -> BigInteger {
    BigInteger.randomUnit(modulo: modulus).publicPower(modulus, modulo: square)
  }
}
