import CKernels
import Testing

extension KernelTests {
  /// Oracle: polynomials of words evaluated one by one; exact.
  @Suite struct Gates {
    /// The value at the ternary digits of a place: the sum of all bits that agree with it where it is not ∞.
    static func value(_ word: UInt64, at place: Int) -> Bool {
      var isOne = false
      for bit in 0..<64 where word >> UInt64(bit) & 1 == 1 {
        var (rest, isIn) = (place, true)
        for variable in 0..<6 {
          if rest % 3 < 2, rest % 3 != bit >> variable & 1 { isIn = false }
          rest /= 3
        }
        if isIn { isOne.toggle() }
      }
      return isOne
    }

    @Test(arguments: [0, 1, 64, 65, 513, 519])
    func tablesAndSums(n: Int) {
      var generator = SeededGenerator(state: 74)
      let (x0, x1, y0, y1) = (generator.words(n), generator.words(n), generator.words(n), generator.words(n))
      let (weights, parts, start) = (generator.words(n), generator.words(64), generator.words(729))
      var expected = start
      // Of many words every seventh has a weight: the oracle is slow.
      let sparse = weights.indices.map { n < 100 || $0 % 7 == 0 ? weights[$0] : 0 }
      for i in 0..<n where sparse[i] != 0 {
        for place in 0..<729 {
          let (a, b) = (Self.value(x0[i], at: place), Self.value(x1[i], at: place))
          let (c, d) = (Self.value(y0[i], at: place), Self.value(y1[i], at: place))
          if (a && c != d) != (b && c) { expected[place] ^= sparse[i] }
        }
      }
      func bit(_ word: UInt64, _ place: Int) -> Bool { word >> UInt64(place) & 1 == 1 }
      let sums = (0..<64).map { place in (0..<n).reduce(0) { bit(x0[$1], place) ? $0 ^ weights[$1] : $0 } }
      let folded = x0.map { word in (0..<64).reduce(0 as UInt64) { bit(word, $1) ? $0 ^ parts[$1] : $0 } }
      atEveryLevel { _ in
        var table = start
        ck_gates_table(n, x0, x1, y0, y1, sparse, &table)
        #expect(table == expected)
        var out = [UInt64](repeating: 0, count: 64)
        ck_gates_sums(n, x0, weights, &out)
        #expect(out == sums)
        var elements = [UInt64](repeating: 7, count: n)
        ck_gates_fold(n, x0, parts, &elements)
        #expect(elements == folded)
      }
    }
  }
}
