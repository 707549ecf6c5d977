extension PrivateKey {
  /// The plaintext of a ciphertext, with its sign.
  ///
  /// Two powers modulo p² and q² with exponents of half of n's length; exponent and modulus are the secret, so they
  /// take constant time. The single divisions around them are GMP's ordinary ones.
  public func decrypt(_ ciphertext: Ciphertext) -> BigInteger {
    publicKey.signed(residue(of: ciphertext.value))
  }

  /// The plaintext as a number of `0 ..< n`.
  func residue(of ciphertext: BigInteger) -> BigInteger {
    .combined(
      p.plaintext(of: ciphertext), p.prime, q.plaintext(of: ciphertext), q.prime, inverse: inverse)
  }

  /// Encrypts with full randomness and the primes at hand: same ciphertexts as ``PublicKey/encrypt(_:)``, three to four
  /// times as fast.
  public func encrypt(_ plaintext: BigInteger) throws(PaillierError) -> Ciphertext {
    let residue = try publicKey.residue(of: plaintext)
    let random = BigInteger.combined(
      p.randomPower(), p.square, q.randomPower(), q.square, inverse: inverseOfSquare)
    return Ciphertext(value: ((1 + residue * publicKey.modulus) * random).modulo(publicKey.square))
  }
}
