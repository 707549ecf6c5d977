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
/// integers, within 2⁻¹¹⁰ of the distribution. The fast one, about 25 times as fast, is Box and Muller's method in double
/// precision: the probability of one step of the grid is off by a relative 2⁻²⁶ at most, so that 10⁹ deviates add less than
/// 10⁻⁵ to ε (T. Prest, *Sharper Bounds in Lattice-Based Cryptography Using the Rényi Divergence*, ASIACRYPT 2017).
struct NoiseGrid {
  /// Steps of the grid in a standard deviation.
  static let deviation = 0x1p20
  private static let bits = 20
  static let slack = 0x1p-10
  /// What a pass over the noise takes at a time, so that its words stay in the first cache.
  private static let pairsAPass = 1024

  /// The steps' length over the clipping norm.
  private let stepOverClip: Double
  private let count: Int
  /// The exact sampler, if it is to be used.
  private let exact: GaussianNoise?

  /// - Throws: where so much noise on so many numbers would need a finer grid.
  init(count: Int, noiseMultiplier: Double, sampler: ExamplePrivacy.Sampler) throws(LearningError) {
    let loss = noiseMultiplier * Double(count).squareRoot() / Self.deviation
    guard loss < 0.25 else {
      throw .invalidSetting(
        "privacy.noiseMultiplier", reason: "is too large for \(count) weights; lower it, or train a smaller model")
    }
    stepOverClip = noiseMultiplier * (1 + Self.slack) / (1 - loss) / Self.deviation
    self.count = count
    exact = try Self.exactNoise(sampler)
  }

  /// The exact sampler, if it is the one.
  static func exactNoise(_ sampler: ExamplePrivacy.Sampler) throws(LearningError) -> GaussianNoise? {
    switch sampler {
    case .fast: return nil
    case .exact:
      do { return try GaussianNoise(bits: bits) } catch {
        throw .invalidSetting("privacy.sampler", reason: "\(error)")
      }
    }
  }

  /// Replaces sums by their noised mean.
  ///
  /// - Parameters:
  ///   - deviation: of the noise in steps; another than ``deviation`` only for audits' broken builds.
  ///   - divisor: the public number of examples.
  func release(
    _ sums: UnsafeMutablePointer<Float>, clip: Double, divisor: Double, stream: SecretStream,
    deviation: Double = NoiseGrid.deviation
  ) {
    let step = stepOverClip * clip
    if let exact, deviation == Self.deviation { return releaseExactly(sums, step, divisor, exact) }
    var start = 0
    while start < count {
      let pairs = min(Self.pairsAPass, (count - start) / 2)
      guard pairs > 0 else { break }
      let part = sums + start
      stream.withWords(2 * pairs) { words in
        ck_f32_noised(pairs, part, 1 / step, deviation, words.baseAddress, step / divisor, part)
      }
      start += 2 * pairs
    }
    if start < count { releaseLast(sums + start, step, divisor, stream, deviation) }
  }

  private func releaseExactly(
    _ sums: UnsafeMutablePointer<Float>, _ step: Double, _ divisor: Double, _ sampler: GaussianNoise
  ) {
    let noise = sampler.draws(count)
    for index in 0..<count {
      let whole = (Double(sums[index]) / step).rounded()
      sums[index] = Float((whole + Double(noise[index])) * (step / divisor))
    }
  }

  /// One number alone: the second of its pair is dropped.
  private func releaseLast(
    _ sum: UnsafeMutablePointer<Float>, _ step: Double, _ divisor: Double, _ stream: SecretStream, _ deviation: Double
  ) {
    var pair = [sum.pointee, 0]
    stream.withWords(2) { words in
      pair.withUnsafeMutableBufferPointer { pair in
        guard let base = pair.baseAddress else { return }
        ck_f32_noised(1, base, 1 / step, deviation, words.baseAddress, step / divisor, base)
      }
    }
    sum.pointee = pair[0]
  }

  /// A whole number with rounded normal noise of the given deviation.
  static func noised(count: Int, deviation: Double, stream: SecretStream) -> Double {
    var pair = [Float(count), 0]
    stream.withWords(2) { words in
      pair.withUnsafeMutableBufferPointer { pair in
        guard let base = pair.baseAddress else { return }
        ck_f32_noised(1, base, 1, deviation, words.baseAddress, 1, base)
      }
    }
    return Double(pair[0])
  }
}
