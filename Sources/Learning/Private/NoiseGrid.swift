import CKernels
import Privacy

/// Sums of clipped gradients, and the one place where they leave: rounded to a grid, with noise that is drawn on the grid.
///
/// Rounding to whole steps and adding whole steps of noise shows nothing of how floating-point numbers lie (I. Mironov,
/// CCS 2012). The noise is a normal deviate rounded to whole steps, which is what rounding a Gaussian mechanism's answer
/// gives, and so costs no more than it does. A deviation has 2²⁰ steps; single precision and rounding may put neighbours
/// further apart than the clipping norm C, by C · 2⁻¹⁰ and by a step in each coordinate, and the noise is scaled to that:
/// `C′ = C · (1 + 2⁻¹⁰) + step · √count`.
///
/// Deviates come from one of two samplers, both of words of a cryptographic stream. The exact one is the room Privacy's, in
/// integers, within 2⁻¹¹⁰ of the distribution. The fast one, about 25 times as fast, is Box and Muller's method with radii of 64
/// random bits in double precision and angles of 32: the probability of one step of the grid is off by a relative 2⁻²⁶ at most,
/// so that 10⁹ deviates add less than 10⁻⁵ to ε (T. Prest, *Sharper Bounds in Lattice-Based Cryptography Using the Rényi
/// Divergence*, ASIACRYPT 2017).
struct NoiseGrid {
  /// Steps of the grid in a standard deviation.
  static let deviation = 0x1p20
  static let slack = 0x1p-10

  /// The steps' length over the clipping norm.
  private let stepOverClip: Double
  private let count: Int

  /// - Throws: where so much noise on so many numbers would need a finer grid.
  init(count: Int, noiseMultiplier: Double) throws(LearningError) {
    let loss = noiseMultiplier * Double(count).squareRoot() / Self.deviation
    guard loss < 0.25 else {
      throw .invalidSetting(
        "privacy.noiseMultiplier", reason: "is too large for \(count) weights; lower it, or train a smaller model")
    }
    stepOverClip = noiseMultiplier * (1 + Self.slack) / (1 - loss) / Self.deviation
    self.count = count
  }

  /// The exact sampler of noise on the grid.
  static func exactNoise() throws(LearningError) -> GaussianNoise {
    do { return try GaussianNoise(bits: 20) } catch { throw .invalidSetting("privacy.sampler", reason: "\(error)") }
  }

  /// Replaces sums by their noised mean.
  ///
  /// - Parameters:
  ///   - divisor: the public number of examples.
  ///   - noise: whole steps, of which each is used once.
  ///   - factor: 1; another only for audits' broken builds.
  func release(
    _ sums: UnsafeMutablePointer<Float>, clip: Double, divisor: Double, noise: NoiseAhead, factor: Double = 1
  ) {
    let step = stepOverClip * clip
    // Sixteen times the expected examples, were they all alike, are within the faster kernel's range.
    let isSmall = factor == 1 && 16 * divisor < 0x1p30 * stepOverClip
    noise.take(count) { noise, range in
      let part = sums + range.lowerBound
      if isSmall {
        ck_f32_noised_held(range.count, part, Float(1 / step), noise, Float(step / divisor), part)
      } else {
        ck_f32_noised(range.count, part, 1 / step, noise, factor, step / divisor, part)
      }
    }
  }

  /// Replaces sums by sums with noise of the exact sampler.
  func release(_ sums: UnsafeMutablePointer<Float>, clip: Double, noise: GaussianNoise) {
    let step = stepOverClip * clip
    noise.draws(count).withUnsafeBufferPointer {
      if let base = $0.baseAddress { ck_f32_noised(count, sums, 1 / step, base, 1, step, sums) }
    }
  }

  /// A whole number with rounded normal noise of the given deviation.
  static func noised(count: Int, deviation: Double, stream: SecretStream) -> Double {
    // Noise comes in pairs, of which the second is dropped.
    var pair = [Double(count), 0]
    stream.withWords(2) { words in
      pair.withUnsafeMutableBufferPointer { pair in
        guard let base = pair.baseAddress else { return }
        ck_f64_noised(1, base, 1, deviation, words.baseAddress, 1, base)
      }
    }
    return pair[0]
  }
}
