import CKernels
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension KernelTests {
  @Suite struct Floats {
    typealias Binary = (Int, UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?) -> Void

    func check(_ kernel: Binary, _ reference: (Float, Float) -> Float) {
      var generator = SeededGenerator(state: 40)
      for n in edgeSizes {
        let (a, b) = (generator.floats(n), generator.floats(n))
        let expected = zip(a, b).map(reference)
        atEveryLevel { _ in
          var out = a
          out.withUnsafeMutableBufferPointer { kernel(n, $0.baseAddress, b, $0.baseAddress) }
          #expect(out == expected)
          kernel(n, a, b, &out)
          #expect(out == expected)
        }
      }
    }

    @Test func arithmetic() {
      check({ ck_f32_add($0, $1, $2, $3) }, +)
      check({ ck_f32_sub($0, $1, $2, $3) }, -)
      check({ ck_f32_mul($0, $1, $2, $3) }, *)
      check({ ck_f32_div($0, $1, $2, $3) }, /)
      check({ n, a, _, out in ck_f32_scale(n, a, 1.7, out) }, { x, _ in 1.7 * x })
      check({ n, a, _, out in ck_f32_relu(n, a, out) }, { x, _ in max(x, 0) })
      check({ ck_f32_relu_grad($0, $1, $2, $3) }, { x, g in x > 0 ? g : 0 })
    }

    @Test func rectifierKeepsNaN() {
      atEveryLevel { _ in
        var y: [Float] = [0, 0]
        ck_f32_relu(2, [.nan, -.infinity], &y)
        #expect(y[0].isNaN && y[1] == 0)
      }
    }

    @Test func rows() {
      var generator = SeededGenerator(state: 41)
      for (rows, columns) in [(0, 3), (3, 0), (1, 1), (4, 17), (7, 10), (33, 64), (9, 130)] {
        let (x, row) = (generator.floats(rows * columns), generator.floats(columns))
        var (sums, biased) = ([Float](repeating: 0, count: columns), x)
        for place in 0..<rows * columns {
          sums[place % columns] += x[place]
          biased[place] += row[place % columns]
        }
        atEveryLevel { _ in
          var out = [Float](repeating: 5, count: columns)
          ck_f32_sum_rows(rows, columns, x, &out)
          #expect(out == sums)
          out = x
          ck_f32_add_row(rows, columns, row, &out)
          #expect(out == biased)
        }
      }
    }

    @Test func axpy() {
      var generator = SeededGenerator(state: 42)
      for n in edgeSizes {
        let (x, y) = (generator.floats(n), generator.floats(n))
        atEveryLevel { _ in
          var out = y
          ck_f32_axpy(n, -0.3, x, &out)
          #expect(out == zip(x, y).map { $1 + -0.3 * $0 })
        }
      }
    }

    typealias Function = @Sendable (Int, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?) -> Void

    /// Checks a function at random and special places against the double-precision library, in units in the last place.
    func check(
      _ function: Function, in range: ClosedRange<Float>, tolerance: Double, _ reference: (Double) -> Double
    ) {
      var generator = SeededGenerator(state: 43)
      let specials: [Float] = [
        0, -0.0, .infinity, -.infinity, .nan, 1, -1, .leastNonzeroMagnitude, .leastNormalMagnitude / 128, 200, -200,
        0.625,
      ]
      let x = generator.floats(20_001, in: range) + generator.floats(1000, in: -1e-3...1e-3) + specials
      var outputs: [[UInt32]] = []
      atEveryLevel { level in
        var y = x
        y.withUnsafeMutableBufferPointer { function(x.count, $0.baseAddress, $0.baseAddress) }
        for (x, y) in zip(x, y) {
          let exact = reference(Double(x))
          let rounded = Float(exact)
          if !rounded.isFinite || exact.isNaN {
            #expect(exact.isNaN ? y.isNaN : y == rounded, "at \(x)")
          } else {
            let unit = Double(max(rounded.magnitude, .leastNormalMagnitude).ulp)
            #expect(abs(Double(y) - exact) <= tolerance * unit, "at \(x)")
          }
        }
        outputs.append(y.map { $0.isNaN ? 0 : $0.bitPattern })
      }
      #expect(outputs.allSatisfy { $0 == outputs[0] }, "levels disagree")
    }

    @Test func functions() {
      check({ ck_f32_exp($0, $1, $2) }, in: -105...90, tolerance: 2, { exp($0) })
      check({ ck_f32_log($0, $1, $2) }, in: 1e-38...3, tolerance: 2, { log($0) })
      check({ ck_f32_tanh($0, $1, $2) }, in: -12...12, tolerance: 2, { tanh($0) })
      check({ ck_f32_sigmoid($0, $1, $2) }, in: -104...50, tolerance: 3, { 1 / (1 + exp(-$0)) })
    }

    /// Against the library's complementary error function, in absolute terms.
    @Test func normalDistribution() {
      var generator = SeededGenerator(state: 44)
      let specials: [Float] = [0, -0.0, .infinity, 1.414_213_5, 1.414_213_7, 2.828_427, -15, -100, 1e30, -1e30]
      let x = generator.floats(20_001, in: -9...9) + generator.floats(1000, in: -1e-3...1e-3) + specials
      var outputs: [[Float]] = []
      atEveryLevel { _ in
        var (y, slope) = (x, x)
        ck_f32_gelu(x.count, x, &y)
        ck_f32_gelu_grad(x.count, x, &slope)
        for (x, (y, slope)) in zip(x.map(Double.init), zip(y.map(Double.init), slope.map(Double.init))) {
          let below = erfc(-x / 2.0.squareRoot()) / 2
          let density = exp(-x * x / 2) / (2 * Double.pi).squareRoot()
          if x.isFinite {
            #expect(abs(y - x * below) <= 2e-7 * max(1, abs(x)), "at \(x)")
            #expect(abs(slope - below - x * density) <= 4e-7, "at \(x)")
          } else {
            #expect(y == x && slope == 1)
          }
        }
        outputs.append(y + slope)
      }
      #expect(outputs.allSatisfy { $0 == outputs[0] }, "levels disagree")
      atEveryLevel { _ in
        var y: [Float] = [0, 0]
        ck_f32_gelu(2, [.nan, -.infinity], &y)
        #expect(y[0].isNaN && y[1] == 0)
      }
    }
  }
}
