import CKernels
import Testing

extension KernelTests {
  /// Oracle: schoolbook products of polynomials, reduced a power at a time; exact.
  @Suite struct Galois {
    static let degree = Int(ck_galois_degree)

    static func product(_ a: some Collection<UInt64>, _ b: some Collection<UInt64>) -> [UInt64] {
      var wide = [UInt64](repeating: 0, count: 2 * degree - 1)
      for (i, x) in a.enumerated() { for (j, y) in b.enumerated() { wide[i + j] &+= x &* y } }
      for power in (degree..<wide.count).reversed() {
        // X⁶⁴ = −(X⁴ + X³ + X + 1)
        for term in [0, 1, 3, 4] { wide[power - degree + term] &-= wide[power] }
      }
      return Array(wide[..<degree])
    }

    static func element(_ point: UInt64) -> [UInt64] { (0..<degree).map { point >> UInt64($0) & 1 } }

    static func elements(_ words: [UInt64]) -> [ArraySlice<UInt64>] {
      stride(from: 0, to: words.count, by: degree).map { words[$0..<$0 + degree] }
    }

    @Test func products() {
      var generator = SeededGenerator(state: 70)
      for n in [0, 1, 2, 7, 8, 9, 17] {
        let (a, b, start) = (
          generator.words(n * Self.degree), generator.words(n * Self.degree), generator.words(Self.degree)
        )
        let expected = zip(Self.elements(a), Self.elements(b)).reduce(start) { sum, pair in
          zip(sum, Self.product(pair.0, pair.1)).map { $0 &+ $1 }
        }
        atEveryLevel { _ in
          var out = start
          ck_galois_dot(n, a, b, &out)
          #expect(out == expected)
        }
      }
    }

    @Test func sumsOfWordsTimesPoints() {
      var generator = SeededGenerator(state: 71)
      for n in [0, 1, 5, 64] {
        for (count, stride, step) in [(0, 1, 1), (1, 3, 1), (3, 1, 70), (4, 9, 2), (7, 7, 1)] {
          let points = generator.words(n)
          let x = generator.words(n * stride + count * step + 1)
          let start = generator.words(count * Self.degree)
          var expected = start
          for k in 0..<count {
            for i in 0..<n {
              for (c, bit) in Self.element(points[i]).enumerated() {
                expected[k * Self.degree + c] &+= bit &* x[i * stride + k * step]
              }
            }
          }
          atEveryLevel { _ in
            var out = start
            ck_galois_sum_where(n, points, x, stride, count, step, &out)
            #expect(out == expected)
          }
        }
      }
    }

    @Test func productsWithPoints() {
      var generator = SeededGenerator(state: 72)
      for n in [0, 1, 2, 5] {
        let a = generator.words(2 * n * Self.degree)
        let points = [0, 1, UInt64.max] + generator.words(2 * n)
        let scaled = zip(points, Self.elements(a)).flatMap { Self.product(Self.element($0), $1) }
        for point in points.prefix(4) {
          let (low, high) = (Self.elements(a).prefix(n), Self.elements(a).suffix(n))
          let folded = zip(low, high).flatMap { low, high in
            zip(low, Self.product(Self.element(point), zip(high, low).map { $0 &- $1 })).map { $0 &+ $1 }
          }
          atEveryLevel { _ in
            var out = a
            ck_galois_fold(n, point, &out)
            #expect(Array(out[..<(n * Self.degree)]) == folded)
          }
        }
        atEveryLevel { _ in
          var out = a
          ck_galois_scale(2 * n, points, &out)
          #expect(out == scaled)
        }
      }
    }

    /// Leading coefficients are differences; in the order of digits, the highest first.
    @Test func leadingCoefficients() {
      var generator = SeededGenerator(state: 73)
      let (variables, width) = (3, 5)
      let values = generator.words(8 * width)
      let expected = (0..<27).flatMap { place -> [UInt64] in
        (0..<width).map { column in
          (0..<8).reduce(0 as UInt64) { sum, part in
            var (sign, rest, isIn) = (1 as UInt64, place, true)
            for variable in 0..<variables {
              let (digit, bit) = (rest % 3, part >> variable & 1)
              if digit < 2, digit != bit { isIn = false }
              if digit == 2, bit == 0 { sign = 0 &- sign }
              rest /= 3
            }
            return isIn ? sum &+ sign &* values[part * width + column] : sum
          }
        }
      }
      atEveryLevel { _ in
        var table = [UInt64](repeating: 0, count: 27 * width)
        for part in 0..<8 {
          let place = part >> 2 * 9 + (part >> 1 & 1) * 3 + part & 1
          for column in 0..<width { table[place * width + column] = values[part * width + column] }
        }
        ck_galois_extend(variables, width, &table)
        #expect(table == expected)
      }
    }
  }
}
