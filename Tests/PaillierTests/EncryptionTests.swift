import Paillier
import Testing

@Suite struct EncryptionTests {
  /// Oracle: the same computation on the plaintexts, modulo n with signs.
  @Test func homomorphic() throws {
    let key = try SmallKeys.privateKey.get()
    let open = key.publicKey
    let encryptor = try PrecomputedEncryptor(open)
    let half = open.modulus.quotient(by: 2)
    for round in 0..<20 {
      let a = round == 0 ? half : BigInteger.random(bits: 500)
      let b = round == 1 ? -half : -BigInteger.random(bits: 510)
      let ciphertexts = [try open.encrypt(a), try key.encrypt(a), try encryptor.encrypt(a)]
      for ciphertext in ciphertexts { #expect(key.decrypt(ciphertext) == a) }
      let other = try encryptor.encrypt(b)
      #expect(key.decrypt(other) == b)
      let k = BigInteger.random(bits: 200)
      for ciphertext in ciphertexts {
        #expect(key.decrypt(open.add(ciphertext, other)) == signed(a + b, open))
        #expect(key.decrypt(try open.add(ciphertext, b)) == signed(a + b, open))
        #expect(key.decrypt(try open.multiply(ciphertext, by: k)) == signed(a * k, open))
        #expect(key.decrypt(try open.multiply(ciphertext, by: -k)) == signed(-(a * k), open))
        for again in [open.rerandomise(ciphertext), encryptor.rerandomise(ciphertext)] {
          #expect(again != ciphertext)
          #expect(key.decrypt(again) == a)
        }
      }
    }
    #expect(key.decrypt(try open.multiply(try key.encrypt(7), by: 0)) == 0)
  }

  private func signed(_ number: BigInteger, _ key: PublicKey) -> BigInteger {
    let rest = number.modulo(key.modulus)
    return rest > key.modulus.quotient(by: 2) ? rest - key.modulus : rest
  }

  @Test func plaintextsBeyondHalfTheModulusAreRefused() throws {
    let key = try SmallKeys.privateKey.get()
    let encryptor = try PrecomputedEncryptor(key.publicKey)
    let half = key.publicKey.modulus.quotient(by: 2)
    for beyond in [half + 1, -half - 1, .powerOfTwo(2000)] {
      let error = PaillierError.plaintextOutOfRange(bits: beyond.bitCount)
      #expect(throws: error) { try key.publicKey.encrypt(beyond) }
      #expect(throws: error) { try key.encrypt(beyond) }
      #expect(throws: error) { try encryptor.encrypt(beyond) }
      #expect(throws: error) { try key.publicKey.add(try key.encrypt(1), beyond) }
      #expect(throws: error) { try key.publicKey.multiply(try key.encrypt(1), by: beyond) }
    }
  }

  /// Two ciphertexts of one number have nothing in common; the base of short randomness has Jacobi's symbol 1.
  @Test func ciphertextsAreFresh() throws {
    let key = try SmallKeys.privateKey.get()
    let encryptor = try PrecomputedEncryptor(key.publicKey)
    let seen = try (0..<20).map { _ in try encryptor.encrypt(5).encoded(under: key.publicKey) }
    #expect(Set(seen).count == 20)
    let base = try #require(key.publicKey.shortBase)
    #expect(base.jacobiSymbol(over: key.publicKey.modulus) == 1)
  }

  @Test func ciphertextsAreReadStrictly() throws {
    let key = try SmallKeys.privateKey.get()
    let open = key.publicKey
    let good = try open.encrypt(-99)
    let bytes = good.encoded(under: open)
    #expect(bytes.count == 128)
    #expect(key.decrypt(try Ciphertext(encoded: bytes, under: open)) == -99)
    let square = open.modulus * open.modulus
    let bad = [0, open.modulus, square - open.modulus, square, square + 1].map { $0.littleEndianBytes(count: 128) }
    for bytes in bad + [Array(bytes.dropLast()), bytes + [0], []] {
      #expect(throws: PaillierError.self) { try Ciphertext(encoded: bytes, under: open) }
    }
    #expect(throws: PaillierError.self) { try Ciphertext(-1, under: open) }
  }
}
