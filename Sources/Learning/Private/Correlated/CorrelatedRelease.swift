import CKernels
import Privacy

/// The one place where the sums of DP-FTRL leave, as rows of `C·G + Z` (``BandedRoot``), one a step.
///
/// What is released of a step is a vector of whole numbers `y = round(Σ cⱼ·g₋ⱼ / step) + z`: the sums of this step and of the
/// band before it, on a grid of which Z's deviation has 2²⁰ steps, with rounded normal noise, as in ``NoiseGrid``. Everything
/// else is made of these numbers alone: `x̂ = step·y − Σ_{j ≥ 1} cⱼ·x̂₋ⱼ`, which is `g` with the noise `C⁻¹·Z`. So no more
/// than `y` has to be hidden. Rounding may put neighbours further apart by a step in each coordinate of each row that an example
/// moves, single precision by C · 2⁻¹⁰, and the noise is scaled to that:
/// `√epochs · (norm · C · (1 + 2⁻¹⁰) + step · √(count · band))`.
final class CorrelatedRelease {
  private let root: BandedRoot
  private let count: Int
  private let stepOverClip: Double
  private let exact: GaussianNoise?
  /// The sums of the steps before, which are secret, and what was told of them; rings of `band − 1` rows.
  private var sums: [[Float]] = []
  private var told: [[Float]] = []
  private var released = 0
  /// `Σ cⱼ·g₋ⱼ`, then `step·y`; and `Σ cⱼ·x̂₋ⱼ`.
  private var encoded: [Double]
  private var known: [Double]

  /// - Throws: where so much noise on so many numbers would need a finer grid.
  init(
    _ root: BandedRoot, count: Int, epochs: Int, noiseMultiplier: Double, sampler: ExamplePrivacy.Sampler
  ) throws(LearningError) {
    let passes = Double(epochs)
    let loss = noiseMultiplier * (passes * Double(count) * Double(root.band)).squareRoot() / NoiseGrid.deviation
    guard loss < 0.25 else {
      throw .invalidSetting(
        "privacy.noiseMultiplier",
        reason:
          "is too large for \(count) weights in a band of \(root.band); lower it or the band, or train a smaller model")
    }
    stepOverClip =
      noiseMultiplier * root.sensitivity(epochs: epochs) * (1 + NoiseGrid.slack) / (1 - loss) / NoiseGrid.deviation
    (self.root, self.count) = (root, count)
    exact = sampler == .exact ? try NoiseGrid.exactNoise() : nil
    // Noise comes in pairs.
    encoded = [Double](repeating: 0, count: count + count % 2)
    known = encoded
  }

  /// Replaces a step's sums by their noised mean.
  ///
  /// - Parameter deviation: of the noise in steps of the grid; another than `NoiseGrid.deviation` only for broken builds.
  func release(
    _ values: UnsafeMutablePointer<Float>, clip: Double, divisor: Double, stream: SecretStream, deviation: Double
  ) {
    let step = stepOverClip * clip
    add(sums, to: &encoded, and: values)
    add(told, to: &known, and: nil)
    remember(UnsafeBufferPointer(start: values, count: count), in: &sums)
    noise(step, stream, deviation)
    for index in 0..<count { values[index] = Float(encoded[index] - known[index]) }
    remember(UnsafeBufferPointer(start: values, count: count), in: &told)
    released += 1
    ck_f32_scale(count, values, Float(1 / divisor), values)
  }

  /// The rows before, each by its coefficient, and the newest by 1.
  private func add(_ rows: [[Float]], to total: inout [Double], and newest: UnsafePointer<Float>?) {
    total.withUnsafeMutableBufferPointer { total in
      total.update(repeating: 0)
      guard let total = total.baseAddress else { return }
      if let newest { ck_f64_add_scaled_f32(count, 1, newest, total) }
      for lag in 0..<min(released, root.band - 1) {
        let row = rows[(released - 1 - lag) % (root.band - 1)]
        row.withUnsafeBufferPointer { row in
          if let base = row.baseAddress { ck_f64_add_scaled_f32(count, root.coefficients[lag + 1], base, total) }
        }
      }
    }
  }

  private func remember(_ row: UnsafeBufferPointer<Float>, in rows: inout [[Float]]) {
    guard root.band > 1 else { return }
    if rows.count < root.band - 1 {
      rows.append(Array(row))
    } else {
      rows[released % (root.band - 1)].withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: row) }
    }
  }

  /// Rounds ``encoded`` to the grid and adds noise of whole steps.
  private func noise(_ step: Double, _ stream: SecretStream, _ deviation: Double) {
    if let exact, deviation == NoiseGrid.deviation {
      let noise = exact.draws(count)
      for index in 0..<count { encoded[index] = ((encoded[index] / step).rounded() + Double(noise[index])) * step }
      return
    }
    let pairs = encoded.count / 2
    encoded.withUnsafeMutableBufferPointer { encoded in
      guard let values = encoded.baseAddress else { return }
      stream.withWords(2 * pairs) { ck_f64_noised(pairs, values, 1 / step, deviation, $0.baseAddress, step, values) }
    }
  }
}
