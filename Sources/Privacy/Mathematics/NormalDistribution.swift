import Foundation

/// The standard normal distribution, with relative precision in its tails.
enum NormalDistribution {
  /// P(Z > x).
  static func upperTail(_ x: Double) -> Double { 0.5 * erfc(x * 0.5.squareRoot()) }

  static func density(_ x: Double) -> Double { exp(-0.5 * x * x) / (2 * Double.pi).squareRoot() }

  /// P(Z > x) / density(x), for x ≥ 5: Laplace's continued fraction, within 1e-14.
  static func millsRatio(_ x: Double) -> Double {
    var fraction = x
    for term in stride(from: x > 20 ? 16.0 : 60.0, to: 0, by: -1) { fraction = x + term / fraction }
    return 1 / fraction
  }

  /// The hockey-stick divergence of N(μ, 1) from N(0, 1) at e^ε: the δ of a Gaussian mechanism of sensitivity μ·σ.
  ///
  /// Φ(μ/2 − ε/μ) − e^ε Φ(−μ/2 − ε/μ), without overflow (Balle and Wang, ICML 2018, theorem 8).
  static func hockeyStick(epsilon: Double, distance: Double) -> Double {
    let near = epsilon / distance - distance / 2
    let far = near + distance
    let beyond = far > 5 ? density(near) * millsRatio(far) : exp(epsilon) * upperTail(far)
    return max(0, upperTail(near) - beyond)
  }

  /// log P(Z > x), also where the probability underflows.
  static func logUpperTail(_ x: Double) -> Double {
    x < 5 ? log(upperTail(x)) : -0.5 * x * x - 0.5 * log(2 * Double.pi) + log(millsRatio(x))
  }
}

/// The smallest ε of a Gaussian mechanism whose noise is 1/`distance` times the sensitivity, at δ > 0; rounded up by 1e-12.
func gaussianEpsilon(distance: Double, delta: Double) -> Double {
  smallestEpsilon(delta: delta) { NormalDistribution.hockeyStick(epsilon: $0, distance: distance) }
}

/// The smallest ε ≥ 0 with curve(ε) ≤ δ for a decreasing curve, rounded up by a relative 1e-12.
func smallestEpsilon(delta: Double, _ curve: (Double) -> Double) -> Double {
  guard curve(0) > delta else { return 0 }
  var low = 0.0
  var high = 1e-3
  while curve(high) > delta {
    (low, high) = (high, 2 * high)
    if high == .infinity { return high }
  }
  while high - low > 1e-13 * high {
    let middle = low + (high - low) / 2
    if middle <= low || middle >= high { break }
    if curve(middle) > delta { low = middle } else { high = middle }
  }
  return high * (1 + 1e-12)
}
