import CKernels
import Testing

extension KernelTests {
  @Suite struct Packing {
    /// Oracle: bit i of the row is bit i % bits of word i / bits.
    private func row(_ words: [UInt64], bits: Int) -> [UInt8] {
      var row = [UInt8](repeating: 0, count: (words.count * bits + 7) / 8)
      for index in 0..<words.count * bits where words[index / bits] >> UInt64(index % bits) & 1 == 1 {
        row[index / 8] |= 1 << UInt8(index % 8)
      }
      return row
    }

    @Test(arguments: [1, 2, 7, 8, 9, 16, 20, 25, 31, 32, 33, 40, 49, 63, 64]) func rows(bits: Int) {
      var generator = SeededGenerator(state: UInt64(bits))
      for count in [0, 1, 2, 3, 7, 8, 9, 33, 200] {
        let words = (0..<count).map { _ in generator.next() }
        let low = words.map { $0 & (.max >> UInt64(64 - bits)) }
        let expected = row(words, bits: bits)
        atEveryLevel { _ in
          var packed = [UInt8](repeating: 0xa5, count: expected.count + 1)
          ck_pack64(count, UInt32(bits), words, &packed)
          #expect(packed == expected + [0xa5])
          var sum = words
          ck_unpack_add64(count, UInt32(bits), expected, &sum)
          #expect(sum == zip(words, low).map { $0 &+ $1 })
          guard bits <= 32 else { return }
          packed = [UInt8](repeating: 0xa5, count: expected.count + 1)
          let narrow = words.map { UInt32(truncatingIfNeeded: $0) }
          ck_pack32(count, UInt32(bits), narrow, &packed)
          #expect(packed == expected + [0xa5])
          var narrowSum = narrow
          ck_unpack_add32(count, UInt32(bits), expected, &narrowSum)
          #expect(narrowSum == zip(narrow, low).map { $0 &+ UInt32($1) })
        }
      }
    }
  }
}
