import Foundation

/// Composes the distributions of the privacy loss themselves: the tightest ε here, up to the step of a grid.
///
/// Both directions are composed, a record removed and a record added, and the larger ε counts. One release is read off its
/// curve, Gaussian noise without sampling has a closed form; the rest is discretised pessimistically (`GridLoss`) and
/// composed by Fourier transforms (`TiltedComposition`). Answers lie above the true value of the dominating pair, usually
/// by less than a relative 1e-4.
///
/// - Source: Koskela, Jälkö and Honkela, AISTATS 2020; Gopi, Lee and Wutschitz, NeurIPS 2021; Doroshenko et al., PETS 2022.
public struct LossAccountant: PrivacyAccountant {
  public let neighbours: Neighbours

  public init(neighbours: Neighbours = .addOrRemoveOne) { self.neighbours = neighbours }

  public func epsilon(of event: PrivacyEvent, delta: Double) throws(AccountingError) -> Double {
    try checkDelta(delta)
    let releases = try Releases(of: event, for: .pld)
    if releases.isEmpty { return 0 }
    var curves: [(curve: LossCurve, count: Int)] = []
    for (release, count) in releases.counts { curves.append((try curve(of: release), count)) }
    guard delta > 0 else { return try pureEpsilon(releases) }
    let removed = try epsilon(curves, delta: delta)
    var epsilon = removed
    if curves.contains(where: { !$0.curve.isSymmetric }) {
      var reversed: [(curve: LossCurve, count: Int)] = []
      for (release, count) in releases.counts { reversed.append((try curve(of: release, isReversed: true), count)) }
      epsilon = max(removed, try self.epsilon(reversed, delta: delta, floor: removed))
    }
    return min(epsilon, releases.largestLoss)
  }

  private func epsilon(
    _ curves: [(curve: LossCurve, count: Int)], delta: Double, floor: Double = 0
  ) throws(AccountingError) -> Double {
    if curves.count == 1, curves[0].count == 1 {
      let epsilon = smallestEpsilon(delta: delta) { curves[0].curve.upper($0) }
      guard epsilon < .infinity else {
        throw .notBounded(accountant: .pld, reason: "the noise is too small for a finite bound")
      }
      return epsilon
    }
    return try LossComposer(curves: curves, delta: delta).epsilon(floor: floor)
  }

  private func pureEpsilon(_ releases: Releases) throws(AccountingError) -> Double {
    guard releases.largestLoss < .infinity else {
      throw .notBounded(accountant: .pld, reason: RenyiAccountant.noPureBound)
    }
    return releases.largestLoss
  }

  private func curve(of release: Release, isReversed: Bool = false) throws(AccountingError) -> LossCurve {
    switch release {
    case .mechanism(let mechanism): return LossCurve(try loss(of: mechanism))
    case .poissonSampled(let rate, let mechanism):
      guard neighbours == .addOrRemoveOne else {
        throw .notBounded(
          accountant: .pld, reason: "Poisson samples are bounded for neighbours that add or remove a record only")
      }
      return LossCurve(try loss(of: mechanism), rate: rate, isReversed: isReversed)
    case .sampledWithoutReplacement:
      throw .notBounded(
        accountant: .pld, reason: "no pair that is worst for samples of fixed size is known; ask the accountant rdp")
    }
  }

  private func loss(of mechanism: Release.Mechanism) throws(AccountingError) -> SymmetricLoss {
    switch mechanism {
    case .gaussian(let multiplier): return .gaussian(distance: 1 / multiplier)
    case .laplace(let scale): return .laplace(1 / scale)
    case .pure(let epsilon): return .table(LossTable(.pure(epsilon)))
    case .discreteLaplace(let scale, let sensitivity):
      return .table(LossTable(.discreteLaplace(scale: scale, sensitivity: sensitivity)))
    case .discreteGaussian(let scale, let sensitivity):
      guard scale <= 10_000, sensitivity <= 1_000_000, scale > 1e-3 else {
        throw .notBounded(
          accountant: .pld, reason: "a discrete Gaussian of scale \(scale) has too many values; ask the accountant rdp")
      }
      return .table(LossTable(.discreteGaussian(scale: scale, sensitivity: sensitivity)))
    case .skellam, .concentrated:
      throw .notBounded(
        accountant: .pld, reason: "only Rényi divergences are known of this mechanism; ask the accountant rdp")
    }
  }
}
