import Foundation

/// The limit of many small releases, which is one Gaussian mechanism: for comparison.
///
/// It is exact, and a bound, for Gaussian noise without sampling. For Poisson samples it is the central limit
/// μ = q √(n (e^(1/σ²) − 1)), an approximation that tends to be below the truth: never state it as a guarantee.
///
/// - Source: Dong, Roth and Su, "Gaussian differential privacy", JRSS B 2022; Bu, Dong, Long and Su, "Deep learning with
///   Gaussian differential privacy", HDSR 2020.
public struct GaussianLimitAccountant: PrivacyAccountant {
  public let neighbours: Neighbours

  public init(neighbours: Neighbours = .addOrRemoveOne) { self.neighbours = neighbours }

  public func epsilon(of event: PrivacyEvent, delta: Double) throws(AccountingError) -> Double {
    try checkDelta(delta)
    let releases = try Releases(of: event, for: .gdp)
    if releases.isEmpty { return 0 }
    guard delta > 0 else {
      throw .notBounded(accountant: .gdp, reason: RenyiAccountant.noPureBound)
    }
    var square = 0.0
    for (release, count) in releases.counts { square += Double(count) * (try squaredDistance(release)) }
    guard square < 1e12 else {
      throw .notBounded(accountant: .gdp, reason: "the noise is so small that the limit does not apply")
    }
    return gaussianEpsilon(distance: square.squareRoot(), delta: delta)
  }

  /// μ² of one release.
  private func squaredDistance(_ release: Release) throws(AccountingError) -> Double {
    switch release {
    case .mechanism(.gaussian(let multiplier)):
      return 1 / (multiplier * multiplier)
    case .poissonSampled(let rate, .gaussian(let multiplier)) where neighbours == .addOrRemoveOne:
      return rate * rate * expm1(1 / (multiplier * multiplier))
    case .mechanism, .poissonSampled, .sampledWithoutReplacement:
      throw .notBounded(
        accountant: .gdp, reason: "the limit is stated for Gaussian noise, on all records or on Poisson samples, only")
    }
  }
}
