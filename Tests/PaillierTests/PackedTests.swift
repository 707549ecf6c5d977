import Arithmetic
import Paillier
import Testing

@Suite struct PackedTests {
  private static func layout(_ valueBits: Int, _ limit: Int) throws -> PackingLayout {
    try PackingLayout(keyBits: 512, valueBits: valueBits, summandLimit: limit)
  }

  /// Oracle: sums of machine integers; the extremes come first, on both sides of every slot.
  @Test(arguments: [
    (2, 1), (2, 5), (8, 3), (17, 4), (24, 7), (31, 2), (33, 1), (48, 1000), (48, 1 << 15), (53, 1 << 10),
  ])
  func sumsAreExact(valueBits: Int, limit: Int) async throws {
    let key = try SmallKeys.privateKey.get()
    let layout = try Self.layout(valueBits, limit)
    let encryptor = try PackedEncryptor(key.publicKey, layout: layout)
    let largest = layout.largestValue
    let count = min(limit, 5)
    var generator = PublicGenerator(state: (UInt64(valueBits), 2, 3, 4))
    // Three vectors that reach the bound everywhere, then random ones; lengths beside multiples of the slots.
    for (round, length) in [0, 1, layout.slotCount, layout.slotCount + 1, 2 * layout.slotCount + 3].enumerated() {
      let vectors = (0..<count).map { _ in
        (0..<length).map { index -> Int64 in
          switch round {
          case 1: largest
          case 2: -largest
          case 3: index % 2 == 0 ? largest : -largest
          default: Int64(generator.next() % UInt64(2 * largest + 1)) - largest
          }
        }
      }
      var packed: [PackedCiphertext] = []
      for vector in vectors { packed.append(try await encryptor.encrypt(vector)) }
      let sum = try await PackedCiphertext.sum(packed, under: key.publicKey)
      #expect(sum.summandCount == count)
      let expected = (0..<length).map { index in vectors.reduce(0) { $0 + $1[index] } }
      #expect(try await key.decrypt(sum) == expected)
    }
  }

  /// As many summands as the layout has room for, all of them extreme: each slot comes as near to its bound as it can.
  @Test func fullHeadroomHolds() async throws {
    let key = try SmallKeys.privateKey.get()
    let layout = try Self.layout(6, 8)
    #expect(layout.slotBits == 9 && layout.slotCount == 56 && layout.largestValue == 31)
    let encryptor = try PackedEncryptor(key.publicKey, layout: layout)
    let vector = (0..<60).map { $0 % 3 == 0 ? layout.largestValue : -layout.largestValue }
    let one = try await encryptor.encrypt(vector)
    let sum = try await PackedCiphertext.sum([PackedCiphertext](repeating: one, count: 8), under: key.publicKey)
    #expect(try await key.decrypt(sum) == vector.map { 8 * $0 })
    await #expect(throws: PaillierError.tooManySummands(count: 9, limit: 8)) {
      try await PackedCiphertext.sum([sum, one], under: key.publicKey)
    }
  }

  @Test func resultsDoNotDependOnThreads() async throws {
    let key = try SmallKeys.privateKey.get()
    let encryptor = try PackedEncryptor(key.publicKey, layout: Self.layout(16, 2))
    let values = (0..<200).map { Int64($0 * 37 - 3000) }
    let one = try await encryptor.encrypt(values, threads: 3)
    let other = try await encryptor.encrypt(values, threads: 1)
    let sums = [
      try await PackedCiphertext.sum([one, other], under: key.publicKey, threads: 1),
      try await PackedCiphertext.sum([one, other], under: key.publicKey, threads: 4),
    ]
    #expect(sums[0] == sums[1])
    for threads in [1, 2, 50] {
      #expect(try await key.decrypt(sums[0], threads: threads) == values.map { 2 * $0 })
    }
  }

  @Test func valuesOutOfRangeAreRefused() async throws {
    let key = try SmallKeys.privateKey.get()
    let layout = try Self.layout(10, 3)
    let encryptor = try PackedEncryptor(key.publicKey, layout: layout)
    #expect(layout.largestValue == 511)
    for beyond: Int64 in [512, -512, .max, .min] {
      var values = [Int64](repeating: 0, count: 100)
      values[77] = beyond
      await #expect(throws: PaillierError.valueOutOfRange(index: 77, bound: 511)) {
        try await encryptor.encrypt(values)
      }
    }
    for beyond: Float in [1.5001, -1.5001, .nan, .infinity, -.infinity] {
      await #expect(throws: PaillierError.valueOutOfRange(index: 1, bound: 1.5)) {
        try await encryptor.encrypt([0, beyond], bound: 1.5)
      }
    }
    for bound in [0, -1, .nan, .infinity, .leastNonzeroMagnitude] {
      #expect(throws: PaillierError.self) { try layout.values(of: [0], bound: bound) }
    }
  }

  /// Bound: half a step of bound/largestValue for each summand.
  @Test func realsComeBackWithinHalfAStep() async throws {
    let key = try SmallKeys.privateKey.get()
    let layout = try Self.layout(20, 3)
    let bound = 2.5
    let encryptor = try PackedEncryptor(key.publicKey, layout: layout)
    var generator = PublicGenerator(state: (9, 2, 3, 4))
    let vectors = (0..<3).map { _ in [2.5, -2.5, 0] + (0..<50).map { _ in Float(generator.uniform() * 5 - 2.5) } }
    var packed: [PackedCiphertext] = []
    for vector in vectors { packed.append(try await encryptor.encrypt(vector, bound: bound)) }
    let sum = try await key.decrypt(PackedCiphertext.sum(packed, under: key.publicKey))
    let reals = try layout.reals(of: sum, bound: bound)
    for index in reals.indices {
      let expected = vectors.reduce(0) { $0 + Double($1[index]) }
      #expect(abs(reals[index] - expected) <= 3 * 0.5 * bound / Double(layout.largestValue) + 1e-12)
    }
  }

  @Test func unusableLayoutsAreRefused() {
    for (bits, limit) in [
      (1, 1), (54, 1), (53, 1 << 11), (0, 1), (8, 0), (8, -1), (8, 1 << 31 + 1), (48, 1 << 16), (40, 1 << 31),
    ] {
      #expect(throws: PaillierError.self) { try Self.layout(bits, limit) }
    }
    #expect(throws: PaillierError.self) { try PackingLayout(keyBits: 8, valueBits: 8, summandLimit: 1) }
  }

  @Test func thingsThatDoNotBelongTogetherAreRefused() async throws {
    let key = try SmallKeys.privateKey.get()
    let other = try SmallKeys.otherKey.get()
    let layout = try Self.layout(16, 4)
    let one = try await PackedEncryptor(key.publicKey, layout: layout).encrypt([1, 2])
    let foreign = try await PackedEncryptor(other.publicKey, layout: layout).encrypt([1, 2])
    let longer = try await PackedEncryptor(key.publicKey, layout: layout).encrypt([1, 2, 3])
    let wider = try await PackedEncryptor(key.publicKey, layout: Self.layout(17, 4)).encrypt([1, 2])
    for wrong in [foreign, longer, wider] {
      await #expect(throws: PaillierError.self) { try await PackedCiphertext.sum([one, wrong], under: key.publicKey) }
    }
    await #expect(throws: PaillierError.nothingToSum) { try await PackedCiphertext.sum([], under: key.publicKey) }
    await #expect(throws: PaillierError.mismatch(what: "the key")) { try await key.decrypt(foreign) }
    #expect(throws: PaillierError.mismatch(what: "the size of the key")) {
      try PackedEncryptor(key.publicKey, layout: PackingLayout(keyBits: 1024, valueBits: 8, summandLimit: 1))
    }
  }

  @Test func vectorsAreReadStrictly() async throws {
    let key = try SmallKeys.privateKey.get()
    let open = key.publicKey
    let layout = try Self.layout(16, 4)
    let values = (0..<40).map { Int64($0) }
    let bytes = try await PackedEncryptor(open, layout: layout).encrypt(values).encoded
    func read(_ bytes: [UInt8]) throws -> PackedCiphertext {
      try PackedCiphertext(encoded: bytes, under: open, layout: layout, valueCount: 40)
    }
    #expect(bytes.count == layout.encodedByteCount(valueCount: 40))
    #expect(try await key.decrypt(read(bytes)) == values)
    let header = 4 + 16 + 4 + 8 + 8 + 8
    for count in Array(0...header) + [header + 127, bytes.count - 1] {
      #expect(throws: PaillierError.self) { try read(Array(bytes.prefix(count))) }
    }
    #expect(throws: PaillierError.self) { try read(bytes + [0]) }
    // Every field of the head is checked.
    for place in [0, 4, 19, 20, 24, 32, 39, header - 1] {
      var changed = bytes
      changed[place] ^= 0x40
      #expect(throws: PaillierError.self, "byte \(place)") { try read(changed) }
    }
    // No summand is none; a ciphertext that is no unit, or too large, is none.
    let square = open.modulus * open.modulus
    for number in [0, open.modulus, square, square + 1] {
      let wrong = bytes[..<(header + 128)] + number.littleEndianBytes(count: 128)
      #expect(throws: PaillierError.self) { try read(Array(wrong)) }
    }
  }

  /// Sums that claim fewer summands than they have, and plaintexts that are no packed vectors.
  @Test func whatIsNoSumOfValuesIsNotDecoded() async throws {
    let key = try SmallKeys.privateKey.get()
    let open = key.publicKey
    let layout = try Self.layout(16, 4)
    let one = try await PackedEncryptor(open, layout: layout).encrypt([32767, -32767])
    var bytes = try await PackedCiphertext.sum([one, one], under: open).encoded
    bytes[40] = 1
    let claim = try PackedCiphertext(encoded: bytes, under: open, layout: layout, valueCount: 2)
    await #expect(throws: PaillierError.undecodable(ciphertext: 0)) { try await key.decrypt(claim) }
    // A value behind the last one; a number that fills all slots; one beyond them.
    for plaintext in [
      BigInteger.powerOfTwo(40), .powerOfTwo(511) - 1 - open.modulus.quotient(by: 2), open.modulus.quotient(by: 2),
    ] {
      let wrong = bytes[..<48] + (try open.encrypt(plaintext)).encoded(under: open)
      let packed = try PackedCiphertext(encoded: Array(wrong), under: open, layout: layout, valueCount: 2)
      await #expect(throws: PaillierError.undecodable(ciphertext: 0)) { try await key.decrypt(packed) }
    }
  }
}
