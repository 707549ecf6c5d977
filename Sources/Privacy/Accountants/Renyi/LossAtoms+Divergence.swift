import Foundation

extension LossAtoms {
  /// The Rényi divergence of the pair on a Poisson sample, in the larger direction.
  ///
  /// A pair that is worst for all hockey-stick divergences is worst for Rényi divergences, and stays so on samples
  /// (Zhu, Dong and Wang, AISTATS 2022). Moments are added up as excesses over 1, all terms of which are positive.
  func divergence(order: Double, rate: Double) -> Double {
    let largest = atoms.last?.loss ?? 0
    let limit = largest < 700 ? log1p(rate * expm1(largest)) : largest + log(rate)
    guard order * largest < 300 else { return limit }
    var (removed, added) = (0.0, 0.0)
    for atom in atoms {
      let ratio = rate * expm1(atom.loss)
      removed += atom.q * exp(SampledGaussian.logExcess(ratio, order: order))
      added += atom.q * Self.inverseExcess(ratio, order: order - 1)
    }
    return min(limit, log1p(max(removed, added)) / (order - 1) * (1 + 1e-12))
  }

  /// (1 + x)^−n − 1 + n·x, which is not negative.
  private static func inverseExcess(_ x: Double, order: Double) -> Double {
    guard abs(x) * max(order, 1) < 1e-3 else { return max(0, expm1(-order * log1p(x)) + order * x) }
    return order * (order + 1) / 2 * x * x * (1 - (order + 2) / 3 * x + (order + 2) * (order + 3) / 12 * x * x)
  }
}
