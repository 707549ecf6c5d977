import Arithmetic
import SecureAggregation
import Testing

@Suite struct SecretTests {
  private func element(_ text: String) throws -> FieldElement {
    let digits = Array(text)
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    return try #require(FieldElement(bytes: bytes))
  }

  private func random(_ generator: inout SeededGenerator) -> FieldElement {
    FieldElement(generator.next(), generator.next(), generator.next(), generator.next())
  }

  /// Oracle: Python's integers, p = 2**256 - 189; x, y, x + y, x * y, pow(x, -1, p), -x, as int.to_bytes(32, "little").
  @Test(arguments: [
    [
      "d7a56d3cfcf9a44dc716691acdaba1b8a912646543c6977a5a43ac2753cf1017",
      "3122071113bd120536abce666699a58c091affea6a87144aff71eacc524472fd",
      "c5c8744d0fb7b752fdc1378133454745b32c6350ae4dacc459b596f4a5138314",
      "e811672ad6dfc8374a3b02b4328c69eb878a47645099a3ce671f9394cf9bbdbf",
      "3ccea7cdbfa2c6d08b0e2ea089c52ae14396033a83089b3e3ed3733091179a28",
      "6c5992c303065bb238e996e532545e4756ed9b9abc396885a5bc53d8ac30efe8",
    ],
    [
      "58b2e1c3c699100fec48d03857f434856edc6389b302395c7aacd44693679dc7",
      "0abe332ccbdcadd30ed42e1be00d00434bf2e236cec865f1090b6fed69529006",
      "627015f09176bee2fa1cff53370235c8b9ce46c081cb9e4d84b74334fdb92dce",
      "c1cb7934ec83a4d480e67647093e2caec5fae746014c11b9accd3a0cf5db3c27",
      "3416476dcb72c4c26db78b8e323afa2c27b4810cbd278cbc33f9739332e6601a",
      "eb4c1e3c3966eff013b72fc7a80bcb7a91239c764cfdc6a385532bb96c986238",
    ],
  ]) func fieldAgainstPython(vector: [String]) throws {
    let (x, y) = (try element(vector[0]), try element(vector[1]))
    let results = [x, y, x + y, x * y, x.inverse, -x]
    #expect(results.map { Hexadecimal.text($0.bytes) } == vector)
  }

  /// At the edges of representation: p and above are 0 and up, and no bytes of theirs are read.
  @Test func edgesOfTheField() throws {
    let most = UInt64.max
    let minusOne = -FieldElement.one
    #expect(Hexadecimal.text(minusOne.bytes) == "42" + String(repeating: "ff", count: 31))
    #expect((minusOne * minusOne).bytes == FieldElement.one.bytes)
    #expect((minusOne + .one).bytes == FieldElement.zero.bytes)
    #expect((-FieldElement.zero).bytes == FieldElement.zero.bytes)
    #expect(FieldElement(most, most, most, most).bytes == FieldElement(188, 0, 0, 0).bytes)
    let largest = FieldElement(most, most, most, most)
    #expect((largest + largest).bytes == FieldElement(376, 0, 0, 0).bytes)
    #expect((largest * largest).bytes == FieldElement(188 * 188, 0, 0, 0).bytes)
    #expect(largest.times(1 << 47).bytes == FieldElement(188 << 47, 0, 0, 0).bytes)
    #expect(FieldElement(bytes: minusOne.bytes) != nil)
    #expect(FieldElement(bytes: [0x43] + [UInt8](repeating: 0xff, count: 31)) == nil)
    #expect(FieldElement(bytes: [UInt8](repeating: 0, count: 31)) == nil)
  }

  @Test func fieldIdentities() {
    var generator = SeededGenerator(state: 8)
    for _ in 0..<200 {
      let (x, y, z) = (random(&generator), random(&generator), random(&generator))
      #expect((x * (y + z)).bytes == (x * y + x * z).bytes)
      #expect(((x * y) * z).bytes == (x * (y * z)).bytes)
      #expect((x + -x).bytes == FieldElement.zero.bytes)
      #expect(x.times(99_999).bytes == (x * FieldElement(99_999, 0, 0, 0)).bytes)
    }
    let x = random(&generator)
    #expect((x * x.inverse).bytes == FieldElement.one.bytes)
  }

  /// Oracle: Python, ∏ x_j / (x_j − x_i) modulo p.
  @Test func weightsAgainstPython() {
    let weights = SecretSharing.weights(at: [1, 3, 4, 9]).map { Hexadecimal.text($0.bytes) }
    #expect(
      weights == [
        "d3" + String(repeating: "ff", count: 30) + "3f", "40" + String(repeating: "ff", count: 31),
        "2a" + String(repeating: "99", count: 31), "4a" + String(repeating: "66", count: 30) + "26",
      ])
  }

  @Test(arguments: [(1, 1), (2, 3), (7, 10), (34, 50)]) func anyThresholdSharesRestore(threshold: Int, count: Int) {
    var generator = SeededGenerator(state: UInt64(count))
    let secret = random(&generator)
    let places = (0..<count).map { UInt64(3 * $0 + 1) }
    let shares = SecretSharing.shares(of: secret, threshold: threshold, at: places)
    for _ in 0..<10 {
      let chosen = places.indices.shuffled(using: &generator).prefix(threshold)
      let weights = SecretSharing.weights(at: chosen.map { places[$0] })
      #expect(SecretSharing.secret(of: chosen.map { shares[$0] }, weights: weights).bytes == secret.bytes)
      // One share fewer fits any secret, so it gives another one.
      if threshold > 1 {
        let few = chosen.dropLast()
        let wrong = SecretSharing.secret(
          of: few.map { shares[$0] }, weights: SecretSharing.weights(at: few.map { places[$0] }))
        #expect(wrong.bytes != secret.bytes)
      }
    }
  }

  /// Shares below the threshold are uniform: the lowest byte of one share of one secret, χ² as in ``ViewTests``.
  @Test func sharesAreUniform() {
    var counts = [Double](repeating: 0, count: 256)
    for _ in 0..<8192 {
      let share = SecretSharing.shares(of: .one, threshold: 3, at: [5])[0]
      counts[Int(share.bytes[0])] += 1
    }
    let statistic = counts.reduce(0) { $0 + ($1 - 32) * ($1 - 32) / 32 }
    #expect(abs(statistic - 255) < 6 * 510.0.squareRoot())
  }

  /// Packing at every width, against masks added one value at a time.
  @Test(arguments: 1...49) func maskedVectors(bits: Int) {
    var generator = SeededGenerator(state: UInt64(bits))
    let mask = UInt64.max >> UInt64(64 - bits)
    let values = (0..<1001).map { _ in UInt32(truncatingIfNeeded: generator.next() & mask) }
    let stream = PseudorandomGenerator(key: Array(1...16))
    let words = stream.words(count: 1001, counterHigh: 0, counterLow: 0)
    let masks = bits > 32 ? words : words.flatMap { [$0 & 0xffff_ffff, $0 >> 32] }
    var vector = MaskedVector(values, bits: bits)
    vector.add([.init(stream: stream, isNegative: false)])
    #expect(vector.values == (0..<1001).map { (UInt64(values[$0]) &+ masks[$0]) & mask })
    let row = vector.packed(after: [7])
    #expect(row.count == 1 + (1001 * bits + 7) / 8)
    var sum = MaskedVector(count: 1001, bits: bits)
    for _ in 0..<3 { sum.add(packed: row.dropFirst()) }
    sum.add(.init(repeating: .init(stream: stream, isNegative: true), count: 3))
    #expect(sum.values == values.map { 3 * UInt64($0) & mask })
  }
}
