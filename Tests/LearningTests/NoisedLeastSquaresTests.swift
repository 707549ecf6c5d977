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

  /// Of one column the normal equations, written out: each row's products shortened to C², the number of rows as it is.
  @Test(arguments: [0.3, 0.8, 3]) func isTheSolutionForShortenedProducts(clip: Double) throws {
    var random = SeedTree(seed: 4).generator()
    let rows = (0..<200).map { _ in (x: 2 * random.uniform() - 1, y: 2 * random.uniform() - 1) }
    let constant = clip / 2
    var (xx, x1, xy, y1) = (1e-9 * clip * clip, 0.0, 0.0, 0.0)
    for (x, y) in rows {
      let (square, line) = (x * x, 2 * (constant * x * constant * x + constant * y * constant * y + x * y * x * y))
      let factor = min(1, clip * clip / (square * square + line).squareRoot())
      xx += factor * x * x
      x1 += factor * x * constant
      xy += factor * x * y
      y1 += factor * y * constant
    }
    let count = Double(rows.count) * constant * constant
    let slope = (xy * count - x1 * y1) / (xx * count - x1 * x1)
    let bias = (y1 - x1 * slope) / count * constant
    let fit = try NoisedLeastSquares(clip: clip, noiseMultiplier: 1e-9).fit(
      features: Tensor(shape: [rows.count, 1], scalars: rows.map { Float($0.x) }),
      targets: Tensor(shape: [rows.count, 1], scalars: rows.map { Float($0.y) }))
    #expect(abs(Double(fit.weights[0]) - slope) < 1e-4 && abs(Double(fit.bias) - bias) < 1e-4)
  }

  @Test func settingsOutOfRange() {
    #expect(throws: LearningError.self) { try NoisedLeastSquares(clip: 0, noiseMultiplier: 1) }
    #expect(throws: LearningError.self) { try NoisedLeastSquares(clip: 1, noiseMultiplier: 0) }
  }
}
