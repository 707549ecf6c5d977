import CKernels
import Testing

extension KernelTests {
  /// The ring product against three loops.
  @Suite struct RingMatmul {
    struct Problem: CustomStringConvertible {
      var m, k, n: Int
      var transposeA = false
      var transposeB = false
      /// Words between the end of a stored row and the next.
      var gap = 0

      var description: String { "[\(m),\(k)]·[\(k),\(n)] \(transposeA) \(transposeB) +\(gap)" }
      var lda: Int { (transposeA ? m : k) + gap }
      var ldb: Int { (transposeB ? k : n) + gap }
      var ldc: Int { n + gap }

      func reference(_ a: [UInt64], _ b: [UInt64], _ c: [UInt64]) -> [UInt64] {
        var result = c
        for i in 0..<m {
          for l in 0..<k {
            let factor = transposeA ? a[l * lda + i] : a[i * lda + l]
            for j in 0..<n { result[i * ldc + j] &+= factor &* (transposeB ? b[j * ldb + l] : b[l * ldb + j]) }
          }
        }
        return result
      }

      func check(_ generator: inout SeededGenerator) {
        let a = generator.words((transposeA ? k : m) * lda)
        let b = generator.words((transposeB ? n : k) * ldb)
        let c = generator.words(m * ldc)
        let expected = reference(a, b, c)
        let scratchCount = ck_ring64_matmul_scratch(m, k, n)
        let guardWord: UInt64 = 0x5eed
        atEveryLevel { level in
          var result = c
          var scratch = [UInt64](repeating: guardWord, count: scratchCount + 1)
          ck_ring64_matmul(m, k, n, a, lda, transposeA, b, ldb, transposeB, &result, ldc, &scratch)
          #expect(result == expected, "\(self) at level \(level.rawValue)")
          #expect(scratch[scratchCount] == guardWord, "\(self) writes past its scratch at level \(level.rawValue)")
        }
      }
    }

    @Test func randomShapes() {
      var generator = SeededGenerator(state: 1)
      let extents = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 23, 24, 25, 31, 33, 47, 48, 49, 50, 64]
      for _ in 0..<300 {
        let problem = Problem(
          m: extents.randomElement(using: &generator)!, k: extents.randomElement(using: &generator)!,
          n: extents.randomElement(using: &generator)!, transposeA: .random(using: &generator),
          transposeB: .random(using: &generator), gap: .random(in: 0...2, using: &generator))
        problem.check(&generator)
      }
    }

    @Test(arguments: [(false, false), (false, true), (true, false), (true, true)])
    func largerThanABlock(transposeA: Bool, transposeB: Bool) {
      var generator = SeededGenerator(state: 2)
      for (m, k, n) in [(101, 259, 30), (7, 300, 1040), (50, 513, 49), (1, 784, 128), (4, 257, 1030), (1030, 20, 3)] {
        Problem(m: m, k: k, n: n, transposeA: transposeA, transposeB: transposeB, gap: 1).check(&generator)
      }
    }

    @Test func emptySizesLeaveTheResult() {
      var generator = SeededGenerator(state: 3)
      for (m, k, n) in [(0, 3, 3), (3, 0, 3), (3, 3, 0), (0, 0, 0)] {
        Problem(m: m, k: k, n: n).check(&generator)
      }
    }

    @Test func extremeWordsWrap() {
      let problem = Problem(m: 9, k: 40, n: 26)
      let a = [UInt64](repeating: .max, count: problem.m * problem.k)
      let b = [UInt64](repeating: 1 << 63 | 1 << 32 | 1, count: problem.k * problem.n)
      let c = [UInt64](repeating: .max, count: problem.m * problem.n)
      let expected = problem.reference(a, b, c)
      atEveryLevel { _ in
        var result = c
        var scratch = [UInt64](repeating: 0, count: ck_ring64_matmul_scratch(problem.m, problem.k, problem.n))
        ck_ring64_matmul(
          problem.m, problem.k, problem.n, a, problem.lda, false, b, problem.ldb, false, &result, problem.ldc, &scratch)
        #expect(result == expected)
      }
    }
  }
}
