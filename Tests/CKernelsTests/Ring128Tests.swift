import CKernels
import Testing

extension KernelTests {
  /// Oracle: the language's 128-bit integers, and bit-by-bit polynomials for the field; exact.
  @Suite struct Ring128 {
    static func wide(_ words: [UInt64]) -> [UInt128] {
      let count = words.count / 2
      return (0..<count).map { UInt128(words[count + $0]) << 64 | UInt128(words[$0]) }
    }

    static func planar(_ values: [UInt128]) -> [UInt64] {
      values.map { UInt64(truncatingIfNeeded: $0) } + values.map { UInt64(truncatingIfNeeded: $0 >> 64) }
    }

    @Test func elementwise() {
      var generator = SeededGenerator(state: 40)
      for n in edgeSizes {
        let (a, b, c, d) = (
          generator.words(2 * n), generator.words(2 * n), generator.words(2 * n), generator.words(2 * n)
        )
        let (low, high) = (generator.next(), generator.next())
        let k = UInt128(high) << 64 | UInt128(low)
        let (x, y, z, w) = (Self.wide(a), Self.wide(b), Self.wide(c), Self.wide(d))
        let bits = generator.words(n).map { $0 & 1 }
        atEveryLevel { _ in
          func check(_ initial: [UInt64], _ expected: [UInt128], _ body: (UnsafeMutablePointer<UInt64>?) -> Void) {
            var out = initial
            out.withUnsafeMutableBufferPointer { body($0.baseAddress) }
            #expect(Self.wide(out) == expected)
          }
          check(a, zip(x, y).map { $0 &+ $1 }) { ck_u128_add(n, $0, b, $0) }
          check(b, zip(x, y).map { $0 &- $1 }) { ck_u128_sub(n, a, $0, $0) }
          check(a, x.map { $0 &* k }) { ck_u128_scale(n, $0, low, high, $0) }
          check(a, x.map { $0 &+ k }) { ck_u128_add_scalar(n, $0, low, high, $0) }
          check(b, zip(x, y).map { $1 &+ $0 &* k }) { ck_u128_axpy(n, low, high, a, $0) }
          check(c, (0..<n).map { z[$0] &+ x[$0] &* y[$0] }) { ck_u128_multiply_add(n, a, b, $0) }
          let multiplied = (0..<n).map { (i: Int) -> UInt128 in
            let right = k &* y[i] &+ w[i]
            return z[i] &+ x[i] &* right &+ x[i] &* y[i]
          }
          check(c, multiplied) { ck_u128_beaver_multiply(n, low, high, a, b, a, d, $0) }
          let selected = (0..<n).map { (i: Int) -> UInt128 in
            let masked = x[i] &* z[i] &+ w[i]
            return bits[i] == 1 ? k &* x[i] &+ y[i] &- masked : masked
          }
          check([UInt64](repeating: 7, count: 2 * n), selected) {
            ck_u128_dealt_select(n, low, high, bits, a, b, c, d, $0)
          }
          check(a, (0..<n).map { bits[$0] == 1 ? k &- x[$0] : x[$0] }) {
            ck_u128_dealt_convert(n, low, high, bits, $0, $0)
          }
          var sum: [UInt64] = [1, 2]
          ck_u128_dot(n, d, a, &sum)
          #expect(Self.wide(sum)[0] == (0..<n).reduce(0) { $0 &+ UInt128(d[$1]) &* x[$1] })
          var limbs = [UInt64](repeating: 9, count: 4 * n)
          ck_u128_split(n, a, &limbs)
          #expect(limbs.allSatisfy { $0 < 1 << 32 })
          // Weights −3 on every limb are −3 on the words.
          check(b, zip(x, y).map { $1 &- 3 &* $0 }) { ck_u128_join_add(n, limbs.map { 0 &- 3 &* $0 }, $0) }
        }
      }
    }

    @Test(arguments: [1, 3, 16, 32] as [UInt32])
    func truncation(bits: UInt32) {
      var generator = SeededGenerator(state: 41)
      let n = 131
      let (c, top, shifted) = (generator.words(n), generator.words(2 * n), generator.words(2 * n))
      let (t, s, k) = (Self.wide(top), Self.wide(shifted), UInt128(generator.next()) << 3)
      let expected = (0..<n).map { i in
        let carry = UInt128(c[i] >> 63)
        let rest = UInt128((c[i] << 1) >> (UInt64(bits) + 1))
        let open: UInt128 = rest &+ (carry << UInt128(63 - bits)) &- (1 << UInt128(62 - bits))
        let top: UInt128 = carry == 1 ? 0 &- t[i] : t[i]
        return (top << UInt128(63 - bits)) &- s[i] &+ k &* open
      }
      atEveryLevel { _ in
        var out = [UInt64](repeating: 0, count: 2 * n)
        ck_u128_dealt_truncate(
          n, bits, UInt64(truncatingIfNeeded: k), UInt64(truncatingIfNeeded: k >> 64), c, top, shifted, &out)
        #expect(Self.wide(out) == expected)
      }
    }

    @Test func matrixProduct() {
      var generator = SeededGenerator(state: 42)
      for (m, k, n) in [
        (1, 1, 1), (1, 37, 19), (2, 5, 3), (3, 7, 5), (17, 64, 10), (19, 53, 17), (5, 530, 3), (1, 520, 70), (0, 3, 2),
        (2, 0, 3),
      ] {
        for (left, right) in [(false, false), (true, false), (false, true), (true, true)] {
          let (a, b, c) = (generator.words(2 * m * k), generator.words(2 * k * n), generator.words(2 * m * n))
          let (x, y, z) = (Self.wide(a), Self.wide(b), Self.wide(c))
          let expected = (0..<m * n).map { place in
            (0..<k).reduce(z[place]) { sum, l in
              sum &+ x[left ? l * m + place / n : place / n * k + l] &* y[right ? place % n * k + l : l * n + place % n]
            }
          }
          atEveryLevel { _ in
            var out = c
            var scratch = [UInt64](repeating: 0, count: ck_ring128_matmul_scratch(m, k, n))
            out.withUnsafeMutableBufferPointer { out in
              guard let base = out.baseAddress else { return }
              a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                  guard let a = a.baseAddress, let b = b.baseAddress else { return }
                  ck_ring128_matmul(
                    m, k, n, a, a + m * k, left ? m : k, left, b, b + k * n, right ? k : n, right, base, base + m * n,
                    n,
                    &scratch)
                }
              }
            }
            #expect(Self.wide(out) == expected)
          }
        }
      }
    }

    /// Multiplication in GF(2⁶⁴), bit by bit.
    static func field(_ a: UInt64, _ b: UInt64) -> UInt64 {
      var (product, power) = (0 as UInt64, a)
      for bit in 0..<64 {
        if b >> UInt64(bit) & 1 == 1 { product ^= power }
        power = power << 1 ^ (power >> 63 == 1 ? 0x1B : 0)
      }
      return product
    }

    /// Sums of many of the largest words, whose limbs carry most: (−1)·(−1) and (2⁶⁴ − 1)·(−1).
    @Test(arguments: [(4, 1300, 17), (1, 1300, 9)]) func deepSums(_ extents: (m: Int, k: Int, n: Int)) {
      let (m, k, n) = extents
      let (a, b) = ([UInt64](repeating: .max, count: m * k), [UInt64](repeating: .max, count: k * n))
      let ones = [UInt64](repeating: .max, count: 18_000)
      atEveryLevel { _ in
        var low = [UInt64](repeating: 0, count: m * n)
        var high = low
        var scratch = [UInt64](repeating: 0, count: ck_ring128_matmul_scratch(m, k, n))
        ck_ring128_matmul(m, k, n, a, a, k, false, b, b, n, false, &low, &high, n, &scratch)
        #expect(low.allSatisfy { $0 == UInt64(k) } && high.allSatisfy { $0 == 0 })
        var sum: [UInt64] = [1, 2]
        ck_u128_dot(ones.count / 2, ones, ones, &sum)
        #expect(Self.wide(sum)[0] == 0 &- UInt128(ones.count / 2) &* UInt128(UInt64.max))
      }
    }

    @Test func fieldOfBits() {
      var generator = SeededGenerator(state: 43)
      for n in edgeSizes {
        let words = (n + 63) / 64
        let (a, b, c) = (generator.words(n), generator.words(n), generator.words(n))
        let (e, f, delta) = (generator.words(words), generator.words(words), generator.next())
        func bit(_ plane: [UInt64], _ i: Int) -> Bool { plane[i / 64] >> UInt64(i % 64) & 1 == 1 }
        atEveryLevel { _ in
          #expect(ck_gf64_dot(n, a, b) == zip(a, b).reduce(0) { $0 ^ Self.field($1.0, $1.1) })
          #expect(ck_gf64_sum_where(n, e, a) == (0..<n).reduce(0) { bit(e, $1) ? $0 ^ a[$1] : $0 })
          var kept = [UInt64](repeating: 7, count: n)
          ck_gf64_where(n, e, a, &kept)
          #expect(kept == (0..<n).map { bit(e, $0) ? a[$0] : 0 })
          ck_gf64_fold(n, 2, [delta, 3], a + b, &kept)
          #expect(kept == zip(a, b).map { Self.field($0, delta) ^ Self.field($1, 3) })
          let points = [delta, 3, 1, 0, ~delta, 7, delta &+ 1, 5]
          ck_gf64_fold(n, 8, points, a + b + c + a + c + b + b + a, &kept)
          let blocks = [a, b, c, a, c, b, b, a]
          #expect(kept == (0..<n).map { i in zip(points, blocks).reduce(0) { $0 ^ Self.field($1.0, $1.1[i]) } })
          var scaled = a
          ck_gf64_scale(n, b, &scaled)
          #expect(scaled == zip(a, b).map { Self.field($0, $1) })
          var sum = a
          ck_gf64_add_where(n, delta, e, &sum)
          #expect(sum == (0..<n).map { bit(e, $0) ? a[$0] ^ delta : a[$0] })
          var product = c
          ck_gf64_beaver_and(n, delta, e, f, a, b, &product)
          #expect(
            product
              == (0..<n).map { i in
                c[i] ^ (bit(e, i) ? b[i] : 0) ^ (bit(f, i) ? a[i] : 0) ^ (bit(e, i) && bit(f, i) ? delta : 0)
              })
        }
      }
    }

    /// The MACs that one party would hold of all monomials of known bits, against the borrow itself.
    @Test(arguments: 1...4)
    func borrowOfMonomials(size: Int) {
      var generator = SeededGenerator(state: 44)
      let (n, delta) = (200, generator.next())
      let c = generator.words(4 * 4)
      let r = generator.words(n).map { $0 & (1 << UInt64(size) - 1) }
      let monomials = (1..<1 << size).flatMap { set in r.map { $0 & UInt64(set) == UInt64(set) ? delta : 0 } }
      atEveryLevel { _ in
        var (generate, propagate) = ([UInt64](repeating: 0, count: n), [UInt64](repeating: 0, count: n))
        ck_gf64_monomial_borrow(n, UInt32(size), delta, 4, c, monomials, &generate, &propagate)
        for i in 0..<n {
          let value = (0..<size).reduce(0 as UInt64) { $0 | (c[4 * $1 + i / 64] >> UInt64(i % 64) & 1) << UInt64($1) }
          #expect(generate[i] == (value < r[i] ? delta : 0))
          #expect(propagate[i] == (value == r[i] ? delta : 0))
        }
      }
    }
  }
}
