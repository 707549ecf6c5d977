import Arithmetic
import Learning
import Privacy
import Tensors
import Testing

/// Linear regression from noised statistics.
@Suite struct NoisedLeastSquaresTests {
  /// `y = 0.5 x₀ − 0.3 x₁ + 0.1`, on rows that need no clipping.
  private func line(_ rows: Int) -> (x: Tensor<Float>, y: Tensor<Float>) {
    var random = SeedTree(seed: 3).generator()
    let x = (0..<2 * rows).map { _ in Float(2 * random.uniform() - 1) }
    let y: [Float] = (0..<rows).map { row in
      let (first, second) = (x[2 * row], x[2 * row + 1])
      return 0.5 * first - 0.3 * second + 0.1
    }
    return (Tensor(shape: [rows, 2], scalars: x), Tensor(shape: [rows, 1], scalars: y))
  }

  /// With next to no noise the line itself comes out; 10⁻³ is the ridge's and single precision's part.
  @Test func findsALine() throws {
    let (x, y) = line(500)
    let method = try NoisedLeastSquares(clip: 4, noiseMultiplier: 1e-4)
    let (weights, bias) = try method.fit(features: x, targets: y)
    #expect(abs(weights[0] - 0.5) < 1e-3 && abs(weights[1] + 0.3) < 1e-3 && abs(bias - 0.1) < 1e-3)
    #expect(method.event == .gaussian(noiseMultiplier: 1e-4))
  }

  /// Of two clipped rows, one leaves its mark on the sums: that mark has norm C² at most, and noise of the stated size.
  @Test func noiseIsFresh() throws {
    let (x, y) = line(50)
    let method = try NoisedLeastSquares(clip: 1, noiseMultiplier: 1)
    let fits = try (0..<2).map { _ in try method.fit(features: x, targets: y).weights }
    #expect(fits[0] != fits[1])
  }

  @Test func settingsOutOfRange() {
    #expect(throws: LearningError.self) { try NoisedLeastSquares(clip: 0, noiseMultiplier: 1) }
    #expect(throws: LearningError.self) { try NoisedLeastSquares(clip: 1, noiseMultiplier: 0) }
  }
}
