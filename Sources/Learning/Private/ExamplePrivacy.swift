import Foundation
import Privacy

/// How training bounds what any one example may do to a step, and hides the rest: DP-SGD or DP-FTRL.
///
/// A step takes some examples, clips each one's gradient, adds up, adds noise, and divides by the expected number of
/// examples, which is public. Which examples it takes, and what the noise is like, ``selection`` says.
///
/// - Source: M. Abadi et al., *Deep Learning with Differential Privacy*, CCS 2016.
public struct ExamplePrivacy: Hashable, Sendable, Codable {
  public var clipping: Clipping
  /// The noise's deviation over the sensitivity: of one step's sum where examples are sampled, of all sums together where
  /// they are taken in order.
  public var noiseMultiplier: Double
  /// At most so many examples are in memory at a time; a step's sum grows piece by piece and is noised once.
  public var physicalBatch: Int
  public var sampler: Sampler
  public var selection: Selection
  /// β of the moving average of the weights, which leaves in their place; none where it is `nil`. It costs no ε, since it is made of
  /// weights that are noised already.
  ///
  /// - Source: S. De, L. Berrada, J. Hayes, S. L. Smith and B. Balle, *Unlocking High-Accuracy Differentially Private Image
  ///   Classification through Scale*, 2022.
  public var average: Double?

  public init(
    clipping: Clipping, noiseMultiplier: Double, physicalBatch: Int = 512, sampler: Sampler = .fast,
    selection: Selection = .sampled, average: Double? = nil
  ) {
    self.selection = selection
    self.average = average
    self.clipping = clipping
    self.noiseMultiplier = noiseMultiplier
    self.physicalBatch = physicalBatch
    self.sampler = sampler
  }

  /// Which examples a step takes.
  public enum Selection: Hashable, Sendable, Codable {
    /// A Poisson sample, with fresh noise in each step: DP-SGD.
    case sampled
    /// The next batch in an order that the public seed gives, the same in every epoch, with noise of which later steps take
    /// back a part: DP-FTRL (`BandedRoot`). Nothing is assumed of who sees which examples a step takes.
    ///
    /// - Parameter band: over how many steps noise is taken back; chosen for the least error where it is `nil`.
    case ordered(band: Int?)
  }

  /// Where a step's noise comes from; both give whole steps of a grid.
  public enum Sampler: String, Hashable, Sendable, Codable, CaseIterable {
    /// Double precision, about 1 ns a weight.
    case fast
    /// Integers alone, about 25 ns a weight: `GaussianNoise`.
    case exact
  }

  /// What is clipped, and to which ℓ₂ norm.
  public enum Clipping: Hashable, Sendable, Codable {
    /// An example's whole gradient.
    case flat(norm: Double)
    /// Each layer's part of it, to `norm / √layers`, so that the whole has at most `norm`.
    case perLayer(norm: Double)
    case adaptive(AdaptiveClipping)

    /// The norm of the first step.
    public var norm: Double {
      switch self {
      case .flat(let norm), .perLayer(let norm): norm
      case .adaptive(let adaptive): adaptive.norm
      }
    }
  }

  /// Flat clipping whose norm follows a quantile of the gradients' norms, by a noised count of those below it.
  ///
  /// - Source: G. Andrew, O. Thakkar, H. B. McMahan and S. Ramaswamy, *Differentially Private Learning with Adaptive
  ///   Clipping*, NeurIPS 2021, algorithm 1 with the geometric update.
  public struct AdaptiveClipping: Hashable, Sendable, Codable {
    /// The norm to begin with.
    public var norm: Double
    /// The share of gradients that shall not be clipped.
    public var quantile: Double
    /// η: the norm is multiplied by e^(−η · (share below − quantile)) after each step.
    public var rate: Double
    /// The standard deviation of the noise on the count; a twentieth of the batch where nothing is said.
    public var countDeviation: Double?

    public init(norm: Double, quantile: Double = 0.5, rate: Double = 0.2, countDeviation: Double? = nil) {
      (self.norm, self.quantile, self.rate, self.countDeviation) = (norm, quantile, rate, countDeviation)
    }

    func deviation(batch: Int) -> Double { countDeviation ?? Double(batch) / 20 }
  }

  /// What one step on a sample releases, sums and count together.
  var mechanism: PrivacyEvent { .gaussian(noiseMultiplier: noiseMultiplier) }

  /// What the noise on the sums is multiplied by: more than ``noiseMultiplier`` where a count of each example less ½, of
  /// sensitivity ½, takes its part: z⁻² = sums⁻² + (2 · deviation)⁻².
  func sumMultiplier(batch: Int) throws(LearningError) -> Double {
    guard case .adaptive(let adaptive) = clipping else { return noiseMultiplier }
    let count = 2 * adaptive.deviation(batch: batch)
    let precision = 1 / (noiseMultiplier * noiseMultiplier) - 1 / (count * count)
    guard precision > 0 else {
      throw .invalidSetting(
        "privacy.clip.adaptive.countDeviation",
        reason: "must be above \(noiseMultiplier / 2), half the noise multiplier; write a larger one or a larger batch")
    }
    return 1 / precision.squareRoot()
  }

  /// - Throws: where a number is out of range.
  func validate() throws(LearningError) {
    func require(_ isSound: Bool, _ name: String, _ reason: String) throws(LearningError) {
      if !isSound { throw .invalidSetting(name, reason: reason) }
    }
    try require(
      noiseMultiplier > 0 && noiseMultiplier <= 1e6, "privacy.noiseMultiplier", "must be above 0 and at most 1e6")
    try require(clipping.norm >= 1e-9 && clipping.norm <= 1e9, "privacy.clip", "must be between 1e-9 and 1e9")
    try require(physicalBatch >= 1, "privacy.physicalBatch", "must be at least 1")
    try require(average.map { $0 > 0 && $0 < 1 } ?? true, "privacy.average", "must be above 0 and below 1")
    if case .ordered(let band?) = selection { try require(band >= 1, "privacy.band", "must be at least 1") }
    guard case .adaptive(let adaptive) = clipping else { return }
    try require(
      selection == .sampled, "privacy.clip", "must be one number for ftrl, whose noise goes by the norm of all steps")
    try require(
      adaptive.quantile > 0 && adaptive.quantile < 1, "privacy.clip.adaptive.quantile", "must be inside 0...1")
    try require(adaptive.rate > 0 && adaptive.rate <= 1, "privacy.clip.adaptive.rate", "must be above 0 and at most 1")
    try require(
      adaptive.countDeviation ?? 1 > 0, "privacy.clip.adaptive.countDeviation", "must be a positive number")
  }
}
