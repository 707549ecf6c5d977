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
      for n in [0, 1, 5, 64, 517] {
        for (count, stride, step) in [
          (0, 1, 1), (1, 3, 1), (3, 1, 520), (4, 9, 2), (25, 30, 1), (27, 1, 519), (9, 40, 3), (17, 40, 3),
        ] {
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

    /// What a place's digits, the highest first, count a part: leading coefficients are differences.
    static func weight(ofPart part: Int, at place: Int, variables: Int) -> UInt64 {
      var (weight, rest) = (1 as UInt64, place)
      for variable in 0..<variables {
        let (digit, bit) = (rest % 3, part >> variable & 1)
        if digit < 2, digit != bit { return 0 }
        if digit == 2, bit == 0 { weight = 0 &- weight }
        rest /= 3
      }
      return weight
    }

    @Test(arguments: [(1, 0, 1), (63, 0, 1), (64 * 9, 0, 9), (64 * 9 - 13, 3, 5), (64 * 90 + 5, 70, 21)])
    func spreadParts(n: Int, start: Int, count: Int) {
      var generator = SeededGenerator(state: 73)
      let (words, other, pitch) = (generator.words(n), generator.words(n), count + 3)
      let size = (n + 63) / 64
      func bit(_ place: Int) -> UInt64 { words[place / 64] >> UInt64(place % 64) & 1 }
      for (areBits, isSum) in [(false, false), (false, true), (true, false)] {
        var expected = [UInt64](repeating: 5, count: 216 * pitch)
        for place in 0..<27 {
          for inner in 0..<8 {
            for index in 0..<count {
              expected[(8 * place + inner) * pitch + index] = (0..<8).reduce(0) { sum, outer in
                let scalar = (8 * outer + inner) * size + start + index
                guard scalar < n else { return sum }
                let value = areBits ? bit(scalar) : isSum ? words[scalar] &+ other[scalar] : words[scalar]
                return sum &+ Self.weight(ofPart: outer, at: place, variables: 3) &* value
              }
            }
          }
        }
        atEveryLevel { _ in
          var out = [UInt64](repeating: 5, count: 216 * pitch)
          ck_galois_spread(n, start, count, words, isSum ? other : nil, areBits, pitch, &out)
          #expect(out == expected)
        }
      }
    }

    @Test(arguments: [1, 8, 13])
    func productsOfPolynomials(count: Int) {
      var generator = SeededGenerator(state: 74)
      let pitch = count + 2
      let (left, right) = (generator.words(8 * pitch), generator.words(8 * pitch))
      var expected = [UInt64](repeating: 5, count: 27 * pitch)
      for place in 0..<27 {
        for index in 0..<count {
          func value(_ words: [UInt64]) -> UInt64 {
            (0..<8).reduce(0) { $0 &+ Self.weight(ofPart: $1, at: place, variables: 3) &* words[$1 * pitch + index] }
          }
          expected[place * pitch + index] = value(left) &* value(right)
        }
      }
      atEveryLevel { _ in
        var out = [UInt64](repeating: 5, count: 27 * pitch)
        ck_galois_products(count, pitch, left, right, &out)
        #expect(out == expected)
      }
    }

    @Test(arguments: [1, 100, 64 * 9, 64 * 9 - 13, 64 * 21 + 5])
    func sumsWhereBitsAreSet(n: Int) {
      var generator = SeededGenerator(state: 75)
      let (plane, weights, size) = (generator.words((n + 63) / 64), generator.words(64 * Self.degree), (n + 63) / 64)
      var expected = [UInt64](repeating: 0, count: size * Self.degree)
      for scalar in 0..<n where plane[scalar / 64] >> UInt64(scalar % 64) & 1 == 1 {
        for c in 0..<Self.degree {
          expected[scalar % size * Self.degree + c] &+= weights[scalar / size * Self.degree + c]
        }
      }
      atEveryLevel { _ in
        var out = [UInt64](repeating: 5, count: size * Self.degree)
        ck_galois_select(n, plane, weights, &out)
        #expect(out == expected)
      }
    }
  }
}
