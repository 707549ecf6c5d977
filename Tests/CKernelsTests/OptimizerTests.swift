import CKernels
import Testing

extension KernelTests {
  /// Steps against the same formulas in double precision, over several steps.
  @Suite struct Optimizers {
    @Test(arguments: [Float(0), 0.9], [Float(0), 0.01])
    func sgd(momentum: Float, weightDecay: Float) {
      var generator = SeededGenerator(state: 50)
      for n in edgeSizes {
        let start = generator.floats(n)
        let gradients = (0..<3).map { _ in generator.floats(n) }
        var (p, v) = (start.map(Double.init), [Double](repeating: 0, count: n))
        for g in gradients {
          for i in 0..<n {
            v[i] = Double(momentum) * v[i] + Double(g[i]) + Double(weightDecay) * p[i]
            p[i] -= Double(Float(0.1)) * v[i]
          }
        }
        atEveryLevel { _ in
          var (parameters, velocity) = (start, [Float](repeating: 0, count: n))
          for g in gradients {
            if momentum == 0 {
              ck_f32_sgd(n, 0.1, 0, weightDecay, &parameters, g, nil)
            } else {
              ck_f32_sgd(n, 0.1, momentum, weightDecay, &parameters, g, &velocity)
            }
          }
          #expect(zip(parameters, p).allSatisfy { abs(Double($0) - $1) < 1e-6 })
        }
      }
    }

    @Test func adam() {
      var generator = SeededGenerator(state: 51)
      let (lr, b1, b2, eps, decay) = (Float(0.01), Float(0.9), Float(0.999), Float(1e-8), Float(0.1))
      for n in edgeSizes {
        let start = generator.floats(n)
        let gradients = (0..<3).map { _ in generator.floats(n) }
        var p = start.map(Double.init)
        var (m, v) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
        var corrections: [(Float, Float)] = []
        var (power1, power2) = (1.0, 1.0)
        for g in gradients {
          (power1, power2) = (power1 * Double(b1), power2 * Double(b2))
          corrections.append((Float(1 - power1), Float(1 - power2)))
          for i in 0..<n {
            let gradient = Double(g[i]) + Double(decay) * p[i]
            m[i] = Double(b1) * m[i] + (1 - Double(b1)) * gradient
            v[i] = Double(b2) * v[i] + (1 - Double(b2)) * gradient * gradient
            let denominator = (v[i] / (1 - power2)).squareRoot() + Double(eps)
            p[i] -= Double(lr) * (m[i] / (1 - power1)) / denominator
          }
        }
        atEveryLevel { _ in
          var parameters = start
          var (mean, square) = ([Float](repeating: 0, count: n), [Float](repeating: 0, count: n))
          for (g, correction) in zip(gradients, corrections) {
            ck_f32_adam(n, lr, b1, b2, eps, correction.0, correction.1, decay, &parameters, g, &mean, &square)
          }
          #expect(zip(parameters, p).allSatisfy { abs(Double($0) - $1) < 2e-6 })
        }
      }
    }
  }
}
