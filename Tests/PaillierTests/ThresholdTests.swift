import Paillier
import Testing

@Suite struct ThresholdTests {
  /// Oracle: the values. Any t of n open, in any order; the sum has as many summands as it may.
  @Test(arguments: [(1, 1), (1, 3), (2, 3), (3, 5), (5, 5), (2, 9)])
  func anyThresholdOpens(threshold: Int, holders: Int) async throws {
    let (key, shares) = try ThresholdKey.deal(
      bitCount: 256, threshold: threshold, holders: holders, size: .insecureForTests)
    let layout = try PackingLayout(keyBits: 256, valueBits: 16, summandLimit: 3)
    let values = (0..<25).map { Int64($0 * 2000 - 25000) } + [32767, -32767]
    let one = try await PackedEncryptor(key.publicKey, layout: layout).encrypt(values)
    let sum = try await PackedCiphertext.sum([one, one, one], under: key.publicKey)
    var parts: [DecryptionShare] = []
    for share in shares { parts.append(try await share.decryptionShare(of: sum)) }
    for subset in Self.subsets(of: holders, count: threshold).prefix(20) {
      #expect(try await key.open(sum, with: subset.map { parts[$0] }, threads: 2) == values.map { 3 * $0 })
      #expect(try await key.open(sum, with: subset.reversed().map { parts[$0] }) == values.map { 3 * $0 })
    }
    for part in parts { #expect(key.isRight(part, for: sum)) }
    await #expect(throws: PaillierError.tooFewShares(given: threshold - 1, threshold: threshold)) {
      try await key.open(sum, with: Array(parts.prefix(threshold - 1)))
    }
  }

  private static func subsets(of count: Int, count size: Int) -> [[Int]] {
    guard size > 0 else { return [[]] }
    return (0..<count).flatMap { last in subsets(of: last, count: size - 1).map { $0 + [last] } }
  }

  @Test func thresholdsThatCannotBeAreRefused() {
    for (threshold, holders) in [(0, 3), (4, 3), (1, 0), (-1, 1), (1, 65)] {
      #expect(throws: PaillierError.unusableThreshold(threshold: threshold, holders: holders)) {
        try ThresholdKey.deal(bitCount: 256, threshold: threshold, holders: holders, size: .insecureForTests)
      }
    }
  }

  /// A wrong share is noticed and its holder named, whichever element is wrong and by how little.
  @Test func wrongSharesNameTheirHolders() async throws {
    let (key, shares) = try SmallKeys.twoOfThree.get()
    let sum = try await Self.vector(under: key.publicKey)
    let good = [try await shares[0].decryptionShare(of: sum), try await shares[2].decryptionShare(of: sum)]
    #expect(try await key.open(sum, with: good) == Self.values)
    let bytes = good[1].encoded(under: key)
    let firstElement = 4 + 16 + 4 + 32 + 8
    for place in [firstElement, firstElement + 64, bytes.count - 200] {
      var changed = bytes
      changed[place] ^= 1
      let wrong = try DecryptionShare(encoded: changed, under: key, holder: 3, of: sum)
      #expect(!key.isRight(wrong, for: sum))
      await #expect(throws: PaillierError.wrongShare(holder: 3), "byte \(place)") {
        try await key.open(sum, with: [good[0], wrong])
      }
    }
    // A proof alone that is wrong is noticed when it is asked for.
    var changed = bytes
    changed[bytes.count - 1 - 80] ^= 1
    let unproved = try DecryptionShare(encoded: changed, under: key, holder: 3, of: sum)
    #expect(!key.isRight(unproved, for: sum))
    // The share of another holder under this one's number.
    var borrowed = good[0].encoded(under: key)
    borrowed[20] = 3
    let stolen = try DecryptionShare(encoded: borrowed, under: key, holder: 3, of: sum)
    await #expect(throws: PaillierError.wrongShare(holder: 3)) { try await key.open(sum, with: [good[0], stolen]) }
  }

  @Test func sharesThatDoNotBelongTogetherAreRefused() async throws {
    let (key, shares) = try SmallKeys.twoOfThree.get()
    let sum = try await Self.vector(under: key.publicKey)
    let other = try await Self.vector(under: key.publicKey)
    let one = try await shares[0].decryptionShare(of: sum)
    let two = try await shares[1].decryptionShare(of: other)
    await #expect(throws: PaillierError.repeatedShare(holder: 1)) { try await key.open(sum, with: [one, one]) }
    await #expect(throws: PaillierError.mismatch(what: "the ciphertexts")) {
      try await key.open(sum, with: [one, two])
    }
    #expect(!key.isRight(two, for: sum))
    let foreign = try await Self.vector(under: try SmallKeys.privateKey.get().publicKey)
    await #expect(throws: PaillierError.mismatch(what: "the key")) { try await shares[0].decryptionShare(of: foreign) }
    await #expect(throws: PaillierError.mismatch(what: "the key")) { try await key.open(foreign, with: [one, two]) }
  }

  @Test func sharesAreReadStrictly() async throws {
    let (key, shares) = try SmallKeys.twoOfThree.get()
    let sum = try await Self.vector(under: key.publicKey)
    let share = try await shares[1].decryptionShare(of: sum)
    let bytes = share.encoded(under: key)
    #expect(try DecryptionShare(encoded: bytes, under: key, holder: 2, of: sum) == share)
    #expect(throws: PaillierError.mismatch(what: "the key-holder")) {
      try DecryptionShare(encoded: bytes, under: key, holder: 1, of: sum)
    }
    for count in [0, 3, 4, 20, 24, 56, 63, 64, 100, bytes.count - 1] {
      #expect(throws: PaillierError.self) {
        try DecryptionShare(encoded: Array(bytes.prefix(count)), under: key, holder: 2, of: sum)
      }
    }
    #expect(throws: PaillierError.self) { try DecryptionShare(encoded: bytes + [0], under: key, holder: 2, of: sum) }
    for number in [0, key.publicKey.modulus] {
      var changed = bytes
      changed.replaceSubrange(64..<128, with: number.littleEndianBytes(count: 64))
      #expect(throws: PaillierError.self) { try DecryptionShare(encoded: changed, under: key, holder: 2, of: sum) }
    }
  }

  @Test func keysAndKeySharesComeBackAndAreReadStrictly() async throws {
    let (key, shares) = try SmallKeys.twoOfThree.get()
    #expect(try ThresholdKey(encoded: key.encoded, size: .insecureForTests) == key)
    let read = try shares.map { try KeyShare(encoded: $0.encoded, size: .insecureForTests) }
    let sum = try await Self.vector(under: key.publicKey)
    let parts = [try await read[2].decryptionShare(of: sum), try await read[1].decryptionShare(of: sum)]
    #expect(try await key.open(sum, with: parts) == Self.values)
    let bytes = shares[0].encoded
    for count in stride(from: 0, to: bytes.count, by: 7) {
      #expect(throws: PaillierError.self) { try KeyShare(encoded: Array(bytes.prefix(count)), size: .insecureForTests) }
    }
    // The secret, the holder's number, the threshold's bounds, a verification key.
    for (place, flip) in [(bytes.count - 40, 1), (bytes.count - 68, 2), (bytes.count - 68, 64), (0, 1)]
      as [(Int, UInt8)]
    {
      var changed = bytes
      changed[place] ^= flip
      #expect(throws: PaillierError.self, "byte \(place)") { try KeyShare(encoded: changed, size: .insecureForTests) }
    }
    var changed = key.encoded
    changed[4 + 4 + 64 + 1 + 64] = 4  // a threshold above the number of holders
    #expect(throws: PaillierError.unusableThreshold(threshold: 4, holders: 3)) {
      try ThresholdKey(encoded: changed, size: .insecureForTests)
    }
  }

  private static let values = (0..<100).map { Int64($0 * 100 - 5000) }

  private static func vector(under key: PublicKey) async throws -> PackedCiphertext {
    try await PackedEncryptor(key, layout: PackingLayout(keyBits: 512, valueBits: 16, summandLimit: 3)).encrypt(values)
  }
}
