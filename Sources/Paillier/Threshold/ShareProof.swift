import Crypto

/// What a proof is about: the powers that holder `holder` says he made of the ciphertexts with his share.
///
/// All powers are proved at once: of random 128-bit factors e_j from a hash, X = Π (c_j^e_j)^(4Δ) to the power of the
/// share must be Y = Π (power_j^e_j)². The squares modulo n have an order without small factors, so a wrong power
/// passes with probability 2^-128.
///
/// - Source: Bellare, Garay and Rabin, *Fast Batch Verification for Modular Exponentiation and Digital Signatures*,
///   EUROCRYPT 1998, the small exponents test.
struct ShareStatement {
  let modulus: BigInteger
  let verificationBase: BigInteger
  let verificationKey: BigInteger
  /// X.
  let base: BigInteger
  /// Y.
  let power: BigInteger
  private let context: SHA256.Digest

  init(key: ThresholdKey, holder: Int, packed: PackedCiphertext, elements: [BigInteger]) {
    modulus = key.publicKey.modulus
    verificationBase = key.verificationBase
    verificationKey = key.verificationKeys[holder - 1]
    var hash = SHA256()
    let byteCount = key.publicKey.bitCount / 8
    hash.update(data: Array("Tacit Paillier decryption share 1".utf8))
    for number in [modulus, verificationBase, verificationKey, BigInteger(holder)] + elements {
      hash.update(data: number.littleEndianBytes(count: byteCount))
    }
    hash.update(data: packed.bytes)
    context = hash.finalize()
    let factors = elements.indices.map { [context] in Self.number(of: context, UInt64($0)) }
    let ciphertexts = elements.indices.map { packed.value($0).modulo(key.publicKey.modulus) }
    base = Self.product(of: ciphertexts, to: factors, modulo: modulus)
      .publicPower(key.delta * 4, modulo: modulus)
    power = Self.product(of: elements, to: factors, modulo: modulus).publicPower(2, modulo: modulus)
  }

  /// The challenge to a proof that opens with v^r and X^r.
  func challenge(_ first: BigInteger, _ second: BigInteger) -> BigInteger {
    var hash = SHA256()
    context.withUnsafeBytes { hash.update(bufferPointer: $0) }
    for number in [base, power, first, second] {
      hash.update(data: number.littleEndianBytes(count: modulus.bitCount / 8))
    }
    return Self.number(of: hash.finalize(), .max)
  }

  /// 128 bits from a digest and a counter.
  private static func number(of digest: SHA256.Digest, _ counter: UInt64) -> BigInteger {
    var hash = SHA256()
    digest.withUnsafeBytes { hash.update(bufferPointer: $0) }
    withUnsafeBytes(of: counter.littleEndian) { hash.update(bufferPointer: $0) }
    return BigInteger(littleEndian: Array(hash.finalize()).prefix(ShareProof.challengeByteCount))
  }

  /// Π base_j^exponent_j for exponents of 128 bits, with common squarings.
  private static func product(
    of bases: [BigInteger], to exponents: [BigInteger], modulo modulus: BigInteger
  ) -> BigInteger {
    let limbs = exponents.map { $0.limbs(count: 2) }
    var product: BigInteger = 1
    for bit in (0..<128).reversed() {
      product = (product * product).modulo(modulus)
      for (base, exponent) in zip(bases, limbs) where exponent[bit / 64] >> UInt(bit % 64) & 1 == 1 {
        product = (product * base).modulo(modulus)
      }
    }
    return product
  }
}

/// A proof that two powers have one exponent, the holder's share: it says nothing else about the share.
///
/// - Source: Shoup, *Practical Threshold Signatures*, EUROCRYPT 2000, section 2.2 (random oracle model), as used in PKC
///   2001, section 4.1.
struct ShareProof: Sendable, Equatable {
  static let challengeByteCount = 16

  /// Blinding exponents exceed shares times challenges by 128 bits.
  static func blindingBits(_ key: BigInteger) -> Int { key.bitCount + 256 }
  static func responseByteCount(_ key: PublicKey) -> Int { blindingBits(key.modulus) / 8 + 1 }

  let challenge: BigInteger
  let response: BigInteger

  init(challenge: BigInteger, response: BigInteger) {
    self.challenge = challenge
    self.response = response
  }

  init(of statement: ShareStatement, exponent: BigInteger) {
    let blinding = BigInteger.random(bits: Self.blindingBits(statement.modulus)) + 1
    let challenge = statement.challenge(
      statement.verificationBase.secretPower(blinding, modulo: statement.modulus),
      statement.base.secretPower(blinding, modulo: statement.modulus))
    self.init(challenge: challenge, response: blinding + challenge * exponent)
  }

  func holds(for statement: ShareStatement) -> Bool {
    let modulus = statement.modulus
    guard let inverseKey = statement.verificationKey.inverse(modulo: modulus),
      let inversePower = statement.power.inverse(modulo: modulus)
    else { return false }
    func commitment(_ base: BigInteger, _ inverse: BigInteger) -> BigInteger {
      (base.publicPower(response, modulo: modulus) * inverse.publicPower(challenge, modulo: modulus)).modulo(modulus)
    }
    return challenge
      == statement.challenge(
        commitment(statement.verificationBase, inverseKey), commitment(statement.base, inversePower))
  }
}
