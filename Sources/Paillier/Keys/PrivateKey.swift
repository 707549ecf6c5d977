/// The two primes of a key: who has them reads everything that was encrypted under it.
public struct PrivateKey: Sendable {
  public let publicKey: PublicKey
  let p: PrimeHalf
  let q: PrimeHalf
  /// 1/p² modulo q².
  let inverseOfSquare: BigInteger
  /// 1/p modulo q.
  let inverse: BigInteger

  /// A fresh key of 2048, 3072 or another multiple of 1024 bits up to 8192.
  ///
  /// Both primes leave 3 modulo 4 and gcd(p − 1, q − 1) = 2, which the short randomness of ``PrecomputedEncryptor``
  /// asks for. Takes about 0.1 s at 2048 bits.
  public static func generate(bitCount: Int) throws(PaillierError) -> PrivateKey {
    try generate(bitCount: bitCount, size: .secure)
  }

  package static func generate(bitCount: Int, size: KeySize) throws(PaillierError) -> PrivateKey {
    try size.check(bitCount)
    while true {
      let p = Primes.blum(bits: bitCount / 2)
      let q = Primes.blum(bits: bitCount / 2)
      if isSuitable(p, q) { return try PrivateKey(p, q, size: size) }
    }
  }

  /// A key from its primes, which are tested; it has a short base if they suit one.
  public init(_ p: BigInteger, _ q: BigInteger) throws(PaillierError) {
    try self.init(p, q, size: .secure)
  }

  package init(_ p: BigInteger, _ q: BigInteger, size: KeySize) throws(PaillierError) {
    guard p > 2, q > 2, p != q, p.isProbablePrime, q.isProbablePrime else {
      throw .notAKey(reason: "its factors are not two different primes")
    }
    let modulus = p * q
    try size.check(modulus.bitCount)
    guard p.bitCount == q.bitCount else { throw .notAKey(reason: "its primes are not equally long") }
    let base = Self.isSuitable(p, q) ? Self.shortBase(modulus: modulus) : nil
    try self.init(p, q, PublicKey(modulus: modulus, shortBase: base, size: size))
  }

  init(_ p: BigInteger, _ q: BigInteger, _ publicKey: PublicKey) throws(PaillierError) {
    let squares = (p * p, q * q)
    guard let inverse = p.inverse(modulo: q), let inverseOfSquare = squares.0.inverse(modulo: squares.1),
      let first = PrimeHalf(p, other: q), let second = PrimeHalf(q, other: p)
    else { throw .notAKey(reason: "its factors are not two different primes") }
    self.publicKey = publicKey
    self.p = first
    self.q = second
    self.inverse = inverse
    self.inverseOfSquare = inverseOfSquare
  }

  /// Whether a modulus of these primes carries a short base, and no method for close factors finds them.
  private static func isSuitable(_ p: BigInteger, _ q: BigInteger) -> Bool {
    let distance = (p - q).magnitude.bitCount
    return p.remainder(by: 4) == 3 && q.remainder(by: 4) == 3 && (p - 1).greatestCommonDivisor(with: q - 1) == 2
      && distance > p.bitCount - 100
  }

  /// −x² for a random x.
  static func shortBase(modulus: BigInteger) -> BigInteger {
    while true {
      let x = BigInteger.randomUnit(modulo: modulus)
      let base = (-(x * x)).modulo(modulus)
      if base > 1 { return base }
    }
  }
}

/// What one prime is needed for.
struct PrimeHalf: Sendable {
  let prime: BigInteger
  let square: BigInteger
  /// 1/L((n + 1)^(p − 1) mod p²) modulo p, with L(x) = (x − 1)/p: the inverse of −q.
  private let factor: BigInteger

  init?(_ prime: BigInteger, other: BigInteger) {
    guard let factor = (-other).inverse(modulo: prime) else { return nil }
    self.prime = prime
    square = prime * prime
    self.factor = factor
  }

  /// The plaintext modulo the prime.
  ///
  /// - Source: EUROCRYPT 1999, section 7, *Decryption using Chinese-remaindering*.
  func plaintext(of ciphertext: BigInteger) -> BigInteger {
    // Exponent and modulus are the secret itself.
    let power = ciphertext.modulo(square).secretPower(prime - 1, modulo: square)
    return ((power - 1).dividedExactly(by: prime) * factor).modulo(prime)
  }

  /// Uniform among the n-th powers modulo p²: those of order p − 1, which the p-th powers of units modulo p are.
  func randomPower() -> BigInteger {
    BigInteger.random(below: prime).secretPower(prime, modulo: square)
  }
}

extension PrivateKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "‹private key of \(publicKey.bitCount) bits›" }
  public var debugDescription: String { description }
  /// Empty, which keeps `dump` and debuggers away from the primes.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
