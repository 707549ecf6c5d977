import Arithmetic
import Testing

@Suite struct FixedPointTests {
  @Test(
    arguments: [
      (0.5, 0, 0), (1.5, 0, 2), (2.5, 0, 2), (-0.5, 0, 0), (-1.5, 0, -2), (1.0, 16, 65536), (-0.1, 16, -6554),
      (3.0000076293945312, 16, 196608), (0x1p29, 32, 1 << 61), (0.0, 32, 0),
    ] as [(Double, Int, Int64)])
  func knownWords(value: Double, fractionBits: Int, expected: Int64) throws {
    let word = try FixedPoint(fractionBits: fractionBits).encode(value)
    #expect(Int64(bitPattern: word) == expected)
  }

  @Test func decodedDiffersByAtMostHalfAStep() throws {
    var generator = SeedTree(seed: 1).generator()
    for bits in FixedPoint.fractionBitsRange {
      let fixed = FixedPoint(fractionBits: bits)
      for _ in 0..<200 {
        let value = 1000 * generator.normal()
        let back = fixed.decode(try fixed.encode(value))
        #expect(abs(back - value) <= 0.5 / Double(UInt64(1) << UInt64(bits)))
      }
    }
  }

  /// Bulk equals one by one, ties and large values included.
  @Test func bulkAgreesWithScalar() throws {
    var generator = SeedTree(seed: 2).generator()
    for bits in [0, 1, 16, 20, 32] {
      let fixed = FixedPoint(fractionBits: bits)
      let step = Float(1 / Double(UInt64(1) << UInt64(bits)))
      var values = (0..<1001).map { _ in Float(generator.normal()) * 100 }
      values += (-9...9).map { (Float($0) + 0.5) * step }
      values += [0, -0.0, .leastNonzeroMagnitude, Float(fixed.limit).nextDown, -Float(fixed.limit).nextDown]
      let words = try values.map { try fixed.encode(Double($0)) }
      #expect(try fixed.encode(values) == words)
      #expect(fixed.decode(words) == words.map { Float(fixed.decode($0)) })
    }
    #expect(try FixedPoint(fractionBits: 16).encode([Float]()).isEmpty)
  }

  @Test func misfitsAreNamed() {
    let fixed = FixedPoint(fractionBits: 16)
    typealias Misfit = FixedPoint.EncodingError
    #expect(fixed.limit == 0x1p46)
    #expect(throws: Misfit.outOfRange(value: 0x1p46, limit: 0x1p46, index: nil)) { try fixed.encode(0x1p46) }
    #expect(throws: Misfit.outOfRange(value: -0x1p46, limit: 0x1p46, index: 2)) {
      try fixed.encode([1, 2, -0x1p46, .infinity] as [Float])
    }
    #expect(throws: Misfit.notFinite(value: .infinity, index: nil)) { try fixed.encode(.infinity) }
    #expect(throws: Misfit.self) { try fixed.encode([0, .nan] as [Float]) }
    let text = Misfit.outOfRange(value: 1e30, limit: fixed.limit, index: 3).description
    #expect(text.contains("1e+30") && text.contains("index 3") && text.contains("\(fixed.limit)"))
  }
}
