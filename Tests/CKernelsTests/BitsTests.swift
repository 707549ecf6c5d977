import CKernels
import Testing

extension KernelTests {
  @Suite struct Bits {
    @Test func bitsliceAndBack() {
      var generator = SeededGenerator(state: 20)
      for n in edgeSizes {
        let words = generator.words(n)
        let stride = (n + 63) / 64
        for b in [1, 5, 8, 16, 31, 32, 33, 40, 63, 64] {
          var expected = [UInt64](repeating: 0, count: b * stride + 1)
          for j in 0..<b {
            for i in 0..<n { expected[j * stride + i / 64] |= (words[i] >> UInt64(j) & 1) << UInt64(i % 64) }
          }
          // One more word, which must stay as it is.
          expected[b * stride] = 77
          let low = words.map { b == 64 ? $0 : $0 & (1 << UInt64(b) - 1) } + [77]
          atEveryLevel { level in
            var planes = [UInt64](repeating: 77, count: b * stride + 1)
            ck_bitslice(n, UInt32(b), words, &planes)
            #expect(planes == expected, "n \(n), b \(b), level \(level.rawValue)")
            var back = [UInt64](repeating: 77, count: n + 1)
            ck_unbitslice(n, UInt32(b), planes, &back)
            #expect(back == low, "n \(n), b \(b), level \(level.rawValue)")
          }
        }
      }
    }

    @Test func packAndUnpack() {
      var generator = SeededGenerator(state: 21)
      for n in edgeSizes {
        let words = generator.words(n)
        let bits = words.map { $0 & 1 }
        var expected = [UInt64](repeating: 0, count: (n + 63) / 64)
        for i in 0..<n { expected[i / 64] |= bits[i] << UInt64(i % 64) }
        atEveryLevel { _ in
          var plane = [UInt64](repeating: .max, count: expected.count)
          ck_bits_pack(n, words, &plane)
          #expect(plane == expected)
          var back = [UInt64](repeating: .max, count: n)
          ck_bits_unpack(n, plane, &back)
          #expect(back == bits)
        }
      }
    }

    /// The three summands of an AND of replicated bits, with masks that cancel, are shares of the AND.
    @Test func replicatedAnd() {
      var generator = SeededGenerator(state: 22)
      for n in edgeSizes {
        let x = (0..<3).map { _ in generator.words(n) }
        let y = (0..<3).map { _ in generator.words(n) }
        let masks = (0..<3).map { _ in generator.words(n) }
        let expected = (0..<n).map { i in
          let (secret, other): (UInt64, UInt64) = (x[0][i] ^ x[1][i] ^ x[2][i], y[0][i] ^ y[1][i] ^ y[2][i])
          return secret & other
        }
        atEveryLevel { _ in
          var sum = [UInt64](repeating: 0, count: n)
          for party in 0..<3 {
            let next = (party + 1) % 3
            var z = [UInt64](repeating: 0, count: n)
            ck_rss_and(n, x[party], x[next], y[party], y[next], masks[party], masks[next], &z)
            for i in 0..<n { sum[i] ^= z[i] }
          }
          #expect(sum == expected)
        }
      }
    }
  }
}
