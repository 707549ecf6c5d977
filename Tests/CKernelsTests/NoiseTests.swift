import CKernels
import Foundation
import Testing

extension KernelTests {
  @Suite struct NoiseTests {
    /// Box and Muller's method by the C library's functions, of the same words.
    private func normalPair(_ w: UInt64, _ v: UInt32, deviation: Double) -> (Double, Double) {
      let radius = deviation * (-2 * log((Double(w) + 0.5) * 0x1p-64)).squareRoot()
      let angle = Double(Int32(bitPattern: v << 2)) * (Double.pi / 2 * 0x1p-32)
      let (sine, cosine) = (radius * sin(angle), radius * cos(angle))
      let sign: Double = v >> 30 & 1 == 1 ? -1 : 1
      return v >> 31 == 1 ? (sign * sine, sign * cosine) : (sign * cosine, sign * sine)
    }

    @Test(arguments: [0x1p20, 0x1p27]) func normalNoiseIsThatOfItsWords(deviation: Double) {
      var generator = SeededGenerator(state: 50)
      let radii: [UInt64] = [
        0, 1, 2, .max, .max - 1, .max - 1024, 1 << 63, 1 << 62, (1 << 61) - 1, 0xb504_f333_f9de_6484,
      ]
      let angles: [UInt32] = [0, 1, 2, .max, .max - 1, 1 << 31, 1 << 30, (1 << 29) - 1, 1 << 29, 0xb504_f333]
      let firsts = radii.flatMap { radius in angles.map { _ in radius } } + generator.words(20_011)
      let seconds = radii.flatMap { _ in angles } + generator.words(20_011).map { UInt32(truncatingIfNeeded: $0) }
      for count in [0, 1, 7, 8, 15, 16, 17, 31, 65, firsts.count] {
        let (w, v) = (Array(firsts.suffix(count)), Array(seconds.suffix(count)))
        let words =
          w + stride(from: 0, to: count, by: 2).map { UInt64(v[$0]) | UInt64($0 + 1 < count ? v[$0 + 1] : 0) << 32 }
        atEveryLevel { level in
          // The radius within 2^-38 and single precision of the angle, or a few units in the last place; and the rounding.
          let relative = level == ck_level_avx512 ? 0x1p-23 : 0x1p-49
          var noise = [Int32](repeating: .min, count: 2 * count)
          ck_i32_normal(count, deviation, words, &noise)
          for index in 0..<count {
            let (first, second) = normalPair(w[index], v[index], deviation: deviation)
            #expect(abs(Double(noise[index]) - first) <= 0.5 + abs(first) * relative, "at \(level)")
            #expect(abs(Double(noise[count + index]) - second) <= 0.5 + abs(second) * relative, "at \(level)")
          }
        }
      }
    }

    /// Moments of 2 · 10⁶ deviates: six standard errors are a false alarm in 10⁸ runs, and the words are seeded.
    @Test func normalNoiseHasItsMoments() {
      var generator = SeededGenerator(state: 51)
      let pairs = 1_000_000
      let words = generator.words(pairs + pairs / 2)
      var noise = [Int32](repeating: 0, count: 2 * pairs)
      ck_i32_normal(pairs, 0x1p20, words, &noise)
      func mean(_ power: (Double) -> Double) -> Double {
        noise.reduce(0) { $0 + power(Double($1) * 0x1p-20) } / Double(noise.count)
      }
      let error = 6 / Double(noise.count).squareRoot()
      #expect(abs(mean { $0 }) < error)
      #expect(abs(mean { $0 * $0 } - 1) < 2.0.squareRoot() * error)
      #expect(abs(mean { $0 * $0 * $0 }) < 15.0.squareRoot() * error)
      #expect(abs(mean { $0 * $0 * $0 * $0 } - 3) < 96.0.squareRoot() * error)
    }

    /// Whole steps of sums, with noise, in double precision and in single.
    @Test func sumsAreNoisedOnTheirGrid() {
      var generator = SeededGenerator(state: 54)
      let (toGrid, fromGrid): (Double, Double) = (0x1.7p19, 0x1.3p-25)
      for size in edgeSizes {
        var x = generator.floats(size)
        if size > 4 { (x[0], x[1], x[2], x[3]) = (3e7, -3e7, .nan, .infinity) }
        let noise = generator.words(size).map { Int32(truncatingIfNeeded: $0 >> 38) - 1 << 25 }
        let steps = x.map { (toGrid * Double($0)).rounded(.toNearestOrEven) }
        atEveryLevel { level in
          var sums = [Float](repeating: 0, count: size)
          ck_f32_noised(size, x, toGrid, noise, 1, fromGrid, &sums)
          var held = [Float](repeating: 0, count: size)
          ck_f32_noised_held(size, x, Float(toGrid), noise, Float(fromGrid), &held)
          for index in 0..<size {
            let wide = fromGrid * (steps[index] + Double(noise[index]))
            let narrow = fromGrid * (min(max(steps[index], -0x1p30), 0x1p30) + Double(noise[index]))
            guard !x[index].isNaN else {
              #expect(sums[index].isNaN && held[index].isNaN, "at \(level)")
              continue
            }
            #expect(sums[index] == Float(wide), "at \(level)")
            // The product's rounding, the rounding to whole steps, and those of the sum and the result.
            let size = fromGrid * (min(abs(steps[index]), 0x1p30) + abs(Double(noise[index])))
            #expect(abs(Double(held[index]) - narrow) <= fromGrid + 0x1p-21 * size, "at \(level)")
          }
        }
      }
    }

    @Test(arguments: [0, 1, 1 << 16, 1 << 31, .max] as [UInt32]) func coinsChoosePlaces(limit: UInt32) {
      var generator = SeededGenerator(state: 52)
      for size in edgeSizes {
        var words = generator.words(size).map { UInt32(truncatingIfNeeded: $0) }
        if size > 2 { (words[0], words[1], words[size - 1]) = (limit, limit &+ 1, limit &- 1) }
        let expected = words.indices.filter { words[$0] <= limit }
        atEveryLevel { level in
          var places = [Int](repeating: -1, count: size + 8)
          var ties = -1
          let count = ck_u32_places_to(size, words, limit, &places, &ties)
          #expect(Array(places.prefix(count)) == expected, "at \(level)")
          #expect(ties == words.count { $0 == limit }, "at \(level)")
        }
      }
    }

    @Test func rowsAreSquaredAndOuterProductsTaken() {
      var generator = SeededGenerator(state: 53)
      for columns in [1, 2, 3, 13, 15, 16, 17, 31, 33, 64, 100] {
        for rows in [0, 1, 2, 3, 4, 5, 7, 16] {
          let x = generator.floats(rows * columns)
          let (a, b) = (generator.floats(rows), generator.floats(columns))
          let squares = (0..<rows).map { row in
            x[(row * columns)..<((row + 1) * columns)].reduce(0.0) { $0 + Double($1) * Double($1) }
          }
          let outer = a.flatMap { a in b.map { a * $0 } }
          atEveryLevel { level in
            var sums = [Float](repeating: .nan, count: rows)
            ck_f32_row_squares(rows, columns, x, &sums)
            #expect(zip(sums, squares).allSatisfy { abs(Double($0) - $1) <= 1e-6 * $1 }, "at \(level)")
            var products = [Float](repeating: .nan, count: rows * columns)
            ck_f32_outer(rows, columns, a, b, &products)
            #expect(products == outer, "at \(level)")
          }
        }
      }
    }
  }
}
