import CKernels
import Testing

extension KernelTests {
  @Suite struct FixedPoint {
    let limit = 0x1p62

    @Test(arguments: [0, 1, 16, 32]) func encodeAndDecode(bits: Int) {
      var generator = SeededGenerator(state: 60)
      let scale = Double(sign: .plus, exponent: bits, significand: 1)
      let largest = Float(limit / scale).nextDown
      let edges = (-9...9).map { (Float($0) + 0.5) / Float(scale) } + [-0.0, largest, -largest, .leastNonzeroMagnitude]
      for n in edgeSizes {
        let values = generator.floats(n, in: -1e5...1e5) + edges
        let words = values.map { UInt64(bitPattern: Int64((Double($0) * scale).rounded(.toNearestOrEven))) }
        let decoded = words.map { Float(Int64(bitPattern: $0)) / Float(scale) }
        atEveryLevel { _ in
          var encoded = [UInt64](repeating: 1, count: values.count)
          #expect(ck_f32_encode(values.count, values, scale, limit, &encoded))
          #expect(encoded == words)
          var back = [Float](repeating: 1, count: values.count)
          ck_f32_decode(words.count, words, Float(1 / scale), &back)
          #expect(back == decoded)
        }
      }
    }

    /// One misfit at any place is noticed, and the words beside it are right.
    @Test func misfits() {
      atEveryLevel { _ in
        for value in [Float.nan, .infinity, -.infinity, 0x1p46, -0x1p46, .greatestFiniteMagnitude] {
          for place in 0..<19 {
            var values = [Float](repeating: 1, count: 19)
            values[place] = value
            var expected = [UInt64](repeating: 65536, count: 19)
            expected[place] = 0
            var words = [UInt64](repeating: 1, count: 19)
            #expect(!ck_f32_encode(19, values, 65536, limit, &words))
            #expect(words == expected)
          }
        }
      }
    }
  }
}
