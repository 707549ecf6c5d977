import CKernels
import Testing

extension KernelTests {
  @Suite struct RingElementwise {
    typealias Binary =
      @Sendable (Int, UnsafePointer<UInt64>?, UnsafePointer<UInt64>?, UnsafeMutablePointer<UInt64>?) -> Void

    /// Checks a kernel of two arrays, out of place and with the output over each input.
    func check(_ kernel: Binary, _ reference: (UInt64, UInt64) -> UInt64) {
      var generator = SeededGenerator(state: 10)
      for n in edgeSizes {
        let a = generator.words(n)
        let b = generator.words(n)
        let expected = zip(a, b).map(reference)
        atEveryLevel { _ in
          var out = [UInt64](repeating: 0, count: n)
          kernel(n, a, b, &out)
          #expect(out == expected)
          out = a
          out.withUnsafeMutableBufferPointer { kernel(n, $0.baseAddress, b, $0.baseAddress) }
          #expect(out == expected)
          out = b
          out.withUnsafeMutableBufferPointer { kernel(n, a, $0.baseAddress, $0.baseAddress) }
          #expect(out == expected)
        }
      }
    }

    @Test func binary() {
      check({ ck_u64_add($0, $1, $2, $3) }, &+)
      check({ ck_u64_sub($0, $1, $2, $3) }, &-)
      check({ ck_u64_mul($0, $1, $2, $3) }, &*)
      check({ ck_u64_and($0, $1, $2, $3) }, &)
      check({ ck_u64_xor($0, $1, $2, $3) }, ^)
      check({ ck_bits_and($0, $1, $2, $3) }, &)
      check({ ck_bits_xor($0, $1, $2, $3) }, ^)
    }

    @Test func unaryAndScalar() {
      let s: UInt64 = 0xfedc_ba98_7654_3211
      check({ a, x, _, out in ck_u64_neg(a, x, out) }, { x, _ in 0 &- x })
      check({ a, x, _, out in ck_u64_not(a, x, out) }, { x, _ in ~x })
      check({ a, x, _, out in ck_u64_scale(a, x, s, out) }, { x, _ in x &* s })
      check({ a, x, _, out in ck_u64_add_scalar(a, x, s, out) }, { x, _ in x &+ s })
    }

    @Test(arguments: [0, 1, 16, 31, 32, 62, 63] as [UInt32])
    func shifts(bits: UInt32) {
      check({ a, x, _, out in ck_u64_shift_right(a, x, bits, out) }, { x, _ in x >> bits })
      check({ a, x, _, out in ck_u64_shift_left(a, x, bits, out) }, { x, _ in x << bits })
      check(
        { a, x, _, out in ck_u64_shift_right_arithmetic(a, x, bits, out) },
        { x, _ in UInt64(bitPattern: Int64(bitPattern: x) >> bits) })
    }

    @Test func axpy() {
      var generator = SeededGenerator(state: 11)
      for n in edgeSizes {
        let (x, y, s) = (generator.words(n), generator.words(n), generator.next())
        atEveryLevel { _ in
          var out = y
          ck_u64_axpy(n, s, x, &out)
          #expect(out == zip(x, y).map { $0 &* s &+ $1 })
        }
      }
    }

    @Test func weigh() {
      var generator = SeededGenerator(state: 13)
      for n in edgeSizes {
        let (x, y, p, q) = (generator.words(n), generator.words(n), generator.next(), generator.next())
        atEveryLevel { _ in
          var out = [UInt64](repeating: 1, count: n)
          ck_u64_weigh(n, p, x, q, y, &out)
          #expect(out == zip(x, y).map { p &* $0 &+ q &* $1 })
        }
      }
    }

    @Test func narrowAndWidenAtOddAddresses() {
      var generator = SeededGenerator(state: 12)
      for n in edgeSizes {
        let words = generator.words(n)
        atEveryLevel { _ in
          var bytes = [UInt8](repeating: 0, count: 4 * n + 1)
          var back = [UInt64](repeating: 1, count: n)
          bytes.withUnsafeMutableBytes { ck_narrow16(n, words, $0.baseAddress! + 1) }
          #expect((0..<n).allSatisfy { bytes[2 * $0 + 1] == UInt8(words[$0] & 0xff) })
          bytes.withUnsafeBytes { ck_widen16(n, $0.baseAddress! + 1, &back) }
          #expect(back == words.map { $0 & 0xffff })
          bytes.withUnsafeMutableBytes { ck_narrow24(n, words, $0.baseAddress! + 1) }
          #expect((0..<n).allSatisfy { bytes[3 * $0 + 3] == UInt8(words[$0] >> 16 & 0xff) })
          bytes.withUnsafeBytes { ck_widen24(n, $0.baseAddress! + 1, &back) }
          #expect(back == words.map { $0 & 0xff_ffff })
          bytes.withUnsafeMutableBytes { ck_narrow32(n, words, $0.baseAddress! + 1) }
          #expect((0..<n).allSatisfy { bytes[4 * $0 + 1] == UInt8(words[$0] & 0xff) })
          bytes.withUnsafeBytes { ck_widen32(n, $0.baseAddress! + 1, &back) }
          #expect(back == words.map { $0 & 0xffff_ffff })
        }
      }
    }
  }
}
