import CKernels
import Testing

extension KernelTests {
  @Suite struct Vectors {
    /// Oracle: the library's sort, by a network of neighbours that sorts any number of rows.
    @Test(arguments: edgeSizes.filter { $0 < 200 })
    func columnsAreSorted(width: Int) {
      let count = 9
      let pairs = (0..<count).flatMap { turn in
        stride(from: turn % 2, to: count - 1, by: 2).flatMap { [UInt32($0), UInt32($0 + 1)] }
      }
      var generator = SeededGenerator(state: 51)
      var x = generator.floats(count * width)
      if width > 2 { (x[0], x[1], x[width + 1]) = (.infinity, -.infinity, 0) }
      atEveryLevel { _ in
        var rows = x
        ck_f32_sort_columns(pairs.count / 2, pairs, width, &rows)
        for column in 0..<width {
          let sorted = (0..<count).map { x[$0 * width + column] }.sorted()
          #expect((0..<count).map { rows[$0 * width + column] } == sorted)
        }
      }
    }

    /// Oracle: double precision. Each lane adds at most 63 positive floats: a relative error of 64 · 2⁻²⁴.
    @Test(arguments: edgeSizes)
    func distancesAdd(count: Int) {
      var generator = SeededGenerator(state: 52)
      let (a, b) = (generator.floats(count), generator.floats(count))
      let exact = zip(a, b).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
      var results: [Double] = []
      atEveryLevel { _ in
        var sum = 1.5
        ck_f32_add_squared_distance(count, a, b, &sum)
        #expect(abs(sum - 1.5 - exact) <= 4e-6 * exact)
        results.append(sum)
      }
      #expect(results.allSatisfy { $0 == results[0] }, "levels disagree")
    }

    /// Oracle: the first largest value of each window, one by one; values repeat, and a row or column may be left over.
    @Test(arguments: [(2, 2), (5, 4), (4, 67), (28, 28), (1, 8)])
    func maximaOfWindows(size: (height: Int, width: Int)) {
      let (height, width, planes) = (size.height, size.width, 3)
      var generator = SeededGenerator(state: 53)
      let x = generator.words(planes * height * width).map { $0 % 20 == 0 ? Float.nan : Float($0 % 5) }
      let g = generator.floats(planes * (height / 2) * (width / 2))
      var (largest, back) = ([Float](), [Float](repeating: 0, count: x.count))
      for plane in 0..<planes {
        for row in 0..<height / 2 {
          for column in 0..<width / 2 {
            let corner = (plane * height + 2 * row) * width + 2 * column
            var best = corner
            for place in [corner + 1, corner + width, corner + width + 1] where x[place] > x[best] { best = place }
            back[best] = g[largest.count]
            largest.append(x[best])
          }
        }
      }
      atEveryLevel { _ in
        var out = [Float](repeating: -1, count: largest.count)
        ck_f32_max_pool_by_two(planes, height, width, x, &out)
        #expect(zip(out, largest).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) })
        var spread = [Float](repeating: -1, count: x.count)
        ck_f32_max_pool_by_two_grad(planes, height, width, x, g, &spread)
        #expect(spread == back)
      }
    }
  }
}
