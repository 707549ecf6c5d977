import Foundation

/// Real values with Gaussian noise on a grid: no bits of a value survive in the lowest bits of a float.
///
/// Each value is rounded to a multiple of the step σ/2^bits, gets whole-numbered noise (``GaussianNoise``), and is multiplied
/// out. Rounding moves a vector by at most the step times √count between neighbours, which the event counts.
///
/// - Source: Mironov, "On significance of the least significant bits for differential privacy", CCS 2012.
public struct GaussianMechanism: Sendable {
  /// The noise's standard deviation, in the values' unit.
  public let standardDeviation: Double
  /// How far the ℓ₂ norm of neighbours' values may differ.
  public let sensitivity: Double
  private let noise: GaussianNoise

  public init(standardDeviation: Double, sensitivity: Double, bits: Int = 20) throws(MechanismError) {
    guard standardDeviation > 0, standardDeviation < 1e30, standardDeviation > 1e-30 else {
      throw .invalid(what: "the noise's standard deviation", given: "\(standardDeviation)", expected: "in 1e-30...1e30")
    }
    guard sensitivity >= 0, sensitivity < 1e30 else {
      throw .invalid(what: "the sensitivity", given: "\(sensitivity)", expected: "from 0 on")
    }
    (self.standardDeviation, self.sensitivity) = (standardDeviation, sensitivity)
    noise = try GaussianNoise(bits: bits)
  }

  /// The least noise at which one release of `count` values is (ε, δ)-private (Balle and Wang, "Improving the Gaussian
  /// mechanism for differential privacy: analytical calibration and optimal denoising", ICML 2018).
  public init(
    epsilon: Double, delta: Double, sensitivity: Double, count: Int = 1, bits: Int = 20
  ) throws {
    let target = try Calibration(accountant: LossAccountant(), epsilon: epsilon, delta: delta)
    let multiplier = try target.noiseMultiplier { .gaussian(noiseMultiplier: $0) }
    // σ/(Δ + σ√count/2^bits) is to be the multiplier.
    let rounding = multiplier * Double(count).squareRoot() / exp2(Double(bits))
    guard rounding < 0.5 else {
      throw MechanismError.invalid(what: "the noise's bits", given: "\(bits)", expected: "more for \(count) values")
    }
    try self.init(
      standardDeviation: multiplier * sensitivity / (1 - rounding) * (1 + 1e-12), sensitivity: sensitivity, bits: bits)
  }

  /// The grid that values are rounded to.
  public var step: Double { standardDeviation / exp2(Double(noise.bits)) }

  /// What a release of `count` values tells, rounding included.
  public func event(count: Int) -> PrivacyEvent {
    .gaussian(noiseMultiplier: standardDeviation / (sensitivity + step * Double(count).squareRoot()))
  }

  /// The values with noise; a value beyond 2^52 steps or none at all is refused.
  public func release(_ values: [Double]) throws(MechanismError) -> [Double] {
    let step = step
    for value in values where !(abs(value / step) < 4e15) {
      throw .invalid(what: "a value", given: "no number or too large", expected: "below 4e15 steps of the noise's grid")
    }
    return zip(values, noise.draws(values.count)).map { (($0 / step).rounded() + Double($1)) * step }
  }
}
