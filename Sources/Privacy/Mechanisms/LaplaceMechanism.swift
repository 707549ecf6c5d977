import Foundation

/// One real value with Laplace noise on a grid, or a whole number with discrete Laplace noise.
///
/// The value is rounded to a multiple of the step; neighbours then differ by at most ⌈sensitivity/step⌉ steps, or one more for
/// the rounding. The noise is drawn exactly, in whole steps (``DiscreteLaplace``).
public struct LaplaceMechanism: Sendable {
  public let epsilon: Double
  public let step: Double
  /// The sensitivity in steps.
  public let distance: Int
  private let noise: DiscreteLaplace

  /// For real values; the step defaults to the largest power of two of at most sensitivity/2^16.
  public init(epsilon: Double, sensitivity: Double, step: Double? = nil) throws(MechanismError) {
    guard sensitivity > 0, sensitivity < 1e30 else {
      throw .invalid(what: "the sensitivity", given: "\(sensitivity)", expected: "above 0")
    }
    let step = step ?? exp2(log2(sensitivity).rounded(.down) - 16)
    let distance = (sensitivity / step).rounded(.up) + 1
    guard step > 0, distance < 1e8 else {
      throw .invalid(what: "the step", given: "\(step)", expected: "above a 10^8th of the sensitivity")
    }
    try self.init(epsilon: epsilon, distance: Int(distance), step: step)
  }

  /// For whole numbers that differ by at most `sensitivity` between neighbours.
  public init(epsilon: Double, wholeNumbersApart sensitivity: Int) throws(MechanismError) {
    try self.init(epsilon: epsilon, distance: sensitivity, step: 1)
  }

  private init(epsilon: Double, distance: Int, step: Double) throws(MechanismError) {
    guard distance >= 1 else {
      throw .invalid(what: "the sensitivity", given: "\(distance)", expected: "at least 1")
    }
    let rate = try Ratio(atMost: epsilon, what: "ε")
    noise = DiscreteLaplace(scale: try rate.inverse(times: UInt64(distance)))
    (self.epsilon, self.distance, self.step) = (rate.value, distance, step)
  }

  public var event: PrivacyEvent { .discreteLaplace(scale: noise.scale.value, sensitivity: distance) }

  /// The value with noise; one beyond 2^52 steps or no number is refused.
  public func release(_ value: Double, bits: SecureBits = SecureBits()) throws(MechanismError) -> Double {
    guard abs(value / step) < 4e15 else {
      throw .invalid(what: "a value", given: "no number or too large", expected: "below 4e15 steps of the noise's grid")
    }
    return ((value / step).rounded() + Double(noise.draw(from: bits))) * step
  }

  public func release(_ value: Int, bits: SecureBits = SecureBits()) -> Int { value &+ noise.draw(from: bits) }
}
