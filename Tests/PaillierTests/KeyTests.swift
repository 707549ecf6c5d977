import Paillier
import Testing

@Suite struct KeyTests {
  @Test func smallKeysAreNotOffered() throws {
    for bits in [-1, 0, 512, 1024, 2047, 2560, 8193, 9216, 1 << 40] {
      #expect(throws: PaillierError.keySize(bits: bits)) { try PrivateKey.generate(bitCount: bits) }
      #expect(throws: PaillierError.keySize(bits: bits)) {
        try ThresholdKey.deal(bitCount: bits, threshold: 1, holders: 1)
      }
    }
    let small = try SmallKeys.privateKey.get().publicKey
    #expect(throws: PaillierError.keySize(bits: 512)) { try PublicKey(modulus: small.modulus) }
    #expect(throws: PaillierError.keySize(bits: 512)) { try PublicKey(encoded: small.encoded) }
    let dealt = try SmallKeys.twoOfThree.get()
    #expect(throws: PaillierError.keySize(bits: 512)) { try ThresholdKey(encoded: dealt.key.encoded) }
    #expect(throws: PaillierError.keySize(bits: 512)) { try KeyShare(encoded: dealt.shares[0].encoded) }
  }

  @Test func publicKeysComeBackAndAreReadStrictly() throws {
    let key = try SmallKeys.privateKey.get().publicKey
    #expect(try PublicKey(encoded: key.encoded, size: .insecureForTests) == key)
    let plain = try PublicKey(modulus: key.modulus, shortBase: nil, size: .insecureForTests)
    #expect(try PublicKey(encoded: plain.encoded, size: .insecureForTests) == plain)
    #expect(plain.fingerprint == key.fingerprint && key.fingerprint.count == 16)
    #expect(throws: PaillierError.noShortBase) { try PrecomputedEncryptor(plain) }

    for count in 0..<key.encoded.count {
      #expect(throws: PaillierError.self) {
        try PublicKey(encoded: Array(key.encoded.prefix(count)), size: .insecureForTests)
      }
    }
    let changes: [(Int, UInt8)] = [(0, 1), (4, 1), (8, 1), (8 + 63, 0x80), (8 + 64, 2)]
    for (place, flip) in changes {
      var bytes = key.encoded
      bytes[place] ^= flip
      #expect(throws: PaillierError.self, "byte \(place)") { try PublicKey(encoded: bytes, size: .insecureForTests) }
    }
    #expect(throws: PaillierError.self) { try PublicKey(encoded: key.encoded + [0], size: .insecureForTests) }
  }

  @Test func privateKeysComeBackAndAreReadStrictly() throws {
    let key = try SmallKeys.privateKey.get()
    let again = try PrivateKey(encoded: key.encoded, size: .insecureForTests)
    #expect(again.publicKey == key.publicKey)
    #expect(again.decrypt(try key.publicKey.encrypt(77)) == 77)
    #expect(throws: PaillierError.keySize(bits: 512)) { try PrivateKey(encoded: key.encoded) }
    let count = key.encoded.count
    for place in [0, 8, count - 64, count - 1] {
      var bytes = key.encoded
      bytes[place] ^= 4
      #expect(throws: PaillierError.self, "byte \(place)") { try PrivateKey(encoded: bytes, size: .insecureForTests) }
    }
    for bytes in [Array(key.encoded.dropLast()), key.encoded + [0], []] {
      #expect(throws: PaillierError.self) { try PrivateKey(encoded: bytes, size: .insecureForTests) }
    }
  }

  @Test func keysFromPrimesAreChecked() throws {
    let p = Primes.blum(bits: 256)
    let q = Primes.blum(bits: 256)
    let key = try PrivateKey(p, q, size: .insecureForTests)
    #expect(key.decrypt(try key.publicKey.encrypt(-5)) == -5)
    for (a, b) in [(p, p), (p, q + 1), (p, -q), (0, q), (1, q), (p, Primes.blum(bits: 384))] {
      #expect(throws: PaillierError.self) { try PrivateKey(a, b, size: .insecureForTests) }
    }
  }

  /// Primes that leave 1 modulo 4 make a key, but none for short randomness.
  @Test func foreignPrimesCarryNoShortBase() throws {
    func prime() -> BigInteger {
      while true {
        let candidate = BigInteger.powerOfTwo(255) + .powerOfTwo(254) + BigInteger.random(bits: 250) * 4 + 1
        if candidate.isProbablePrime { return candidate }
      }
    }
    let key = try PrivateKey(prime(), prime(), size: .insecureForTests)
    #expect(key.publicKey.shortBase == nil)
    #expect(key.decrypt(try key.encrypt(-5)) == -5)
    #expect(key.decrypt(try key.publicKey.encrypt(123)) == 123)
  }

  @Test func secretsDoNotPrint() throws {
    let key = try SmallKeys.privateKey.get()
    #expect("\(key)" == "‹private key of 512 bits›")
    let share = try SmallKeys.twoOfThree.get().shares[1]
    #expect("\(share)" == "‹share of key-holder 2›")
    var text = ""
    dump(key, to: &text)
    dump(share, to: &text)
    #expect(text.split(separator: "\n").count == 2)
  }
}
