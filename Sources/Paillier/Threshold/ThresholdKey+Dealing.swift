extension ThresholdKey {
  /// Makes a key and everybody's share of it; the caller hands each holder one and keeps none.
  ///
  /// Takes about a second at 2048 bits and five at 3072, nearly all of it for the two safe primes; now and then three
  /// times as long.
  public static func deal(
    bitCount: Int, threshold: Int, holders: Int
  ) throws(PaillierError) -> (key: ThresholdKey, shares: [KeyShare]) {
    try deal(bitCount: bitCount, threshold: threshold, holders: holders, size: .secure)
  }

  package static func deal(
    bitCount: Int, threshold: Int, holders: Int, size: KeySize
  ) throws(PaillierError) -> (key: ThresholdKey, shares: [KeyShare]) {
    try size.check(bitCount)
    try check(threshold: threshold, holders: holders)
    let p = Primes.safe(bits: bitCount / 2)
    var q = Primes.safe(bits: bitCount / 2)
    while (p - q).magnitude.bitCount <= bitCount / 2 - 100 { q = Primes.safe(bits: bitCount / 2) }
    let modulus = p * q
    // The order of the squares modulo n, a product of two primes, neither of which divides n.
    let order = (p - 1).quotient(by: 2) * (q - 1).quotient(by: 2)
    let publicKey = try PublicKey(
      modulus: modulus, shortBase: PrivateKey.shortBase(modulus: modulus), size: size)
    guard let secret = modulus.inverse(modulo: order) else {
      throw .notAKey(reason: "its modulus is not coprime to the order of the squares")
    }
    let exponents = shares(of: secret, modulo: order, threshold: threshold, holders: holders)
    let base = BigInteger.randomUnit(modulo: modulus).publicPower(2, modulo: modulus)
    let key = ThresholdKey(
      publicKey: publicKey, threshold: threshold, holderCount: holders, verificationBase: base,
      verificationKeys: exponents.map { base.secretPower($0, modulo: modulus) })
    return (key, exponents.enumerated().map { KeyShare(key: key, holder: $0.offset + 1, exponent: $0.element) })
  }

  /// Values at 1 ... holders, none of them zero, of a random polynomial of degree threshold − 1 that is `secret` at 0.
  private static func shares(
    of secret: BigInteger, modulo order: BigInteger, threshold: Int, holders: Int
  ) -> [BigInteger] {
    while true {
      let coefficients = [secret] + (1..<threshold).map { _ in BigInteger.random(below: order) }
      let values = (1...holders).map { holder in
        coefficients.reversed().reduce(0) { ($0 * BigInteger(holder) + $1).modulo(order) }
      }
      if values.allSatisfy({ !$0.isZero }) { return values }
    }
  }
}
