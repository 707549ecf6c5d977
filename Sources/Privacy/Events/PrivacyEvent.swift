/// What was released about the data, as its mechanism says it: never what it cost, which is an accountant's opinion.
///
/// Sensitivities are those between neighbours; which neighbours, the accountant says (``Neighbours``).
public indirect enum PrivacyEvent: Hashable, Sendable, Codable {
  /// Gaussian noise of standard deviation `noiseMultiplier` times the ℓ₂ sensitivity of the query.
  case gaussian(noiseMultiplier: Double)
  /// Laplace noise of scale `noiseMultiplier` times the ℓ₁ sensitivity of the query.
  case laplace(noiseMultiplier: Double)
  /// One integer with noise of the discrete Gaussian distribution, whose weight at k is exp(−k²/2·scale²).
  case discreteGaussian(scale: Double, sensitivity: Int)
  /// One integer with noise of the discrete Laplace distribution, whose weight at k is exp(−|k|/scale).
  case discreteLaplace(scale: Double, sensitivity: Int)
  /// Integers with Skellam noise of this variance each, and how far neighbours' integers lie apart.
  case skellam(variance: Double, l1: Double, l2: Double)
  /// Anything that is ρ-zero-concentrated differentially private, such as many integers with discrete Gaussian noise.
  case concentrated(rho: Double)
  /// Anything that is ε-differentially private, such as randomised response or the exponential mechanism.
  case pure(epsilon: Double)
  /// `event` on a sample that holds each record independently with probability `rate`.
  case poissonSampled(rate: Double, PrivacyEvent)
  /// `event` on `size` records of `population`, each such set being equally likely.
  case sampledWithoutReplacement(size: Int, population: Int, PrivacyEvent)
  /// `event` on a query whose sensitivity is `factor` times the one that its noise was chosen for.
  case scaled(sensitivity: Double, PrivacyEvent)
  /// `event` again and again, each time with fresh noise and, if it samples, with a fresh sample.
  case repeated(PrivacyEvent, count: Int)
  /// One event after the other, each of which may depend on what came before.
  case composed([PrivacyEvent])
  /// A release that nobody has bounded: every accountant refuses it.
  case unbounded(reason: String)
}

extension PrivacyEvent {
  /// Nothing was released.
  public static let nothing = PrivacyEvent.composed([])

  /// `steps` steps of DP-SGD: Poisson samples at `samplingRate`, noise of `noiseMultiplier` times the clipping norm.
  public static func privateTraining(samplingRate: Double, noiseMultiplier: Double, steps: Int) -> PrivacyEvent {
    .repeated(.poissonSampled(rate: samplingRate, .gaussian(noiseMultiplier: noiseMultiplier)), count: steps)
  }
}

/// Which two data sets nobody shall be able to tell apart.
public enum Neighbours: String, Hashable, Sendable, Codable, CaseIterable {
  /// One has a record that the other has not.
  case addOrRemoveOne = "add-or-remove-one"
  /// They have equally many records and differ in one.
  case replaceOne = "replace-one"
  /// They have equally many records in the same places, and one of them counts for nothing in one of the two.
  case zeroOutOne = "zero-out-one"
}
