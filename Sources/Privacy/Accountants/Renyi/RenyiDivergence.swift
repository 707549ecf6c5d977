import Foundation

/// Rényi divergences of single releases between neighbours, in the worse direction.
struct RenyiDivergence {
  /// The divergence, or an upper bound, by its real order above 1.
  typealias ByOrder = (Double) -> Double

  let neighbours: Neighbours

  func byOrder(_ release: Release) throws(AccountingError) -> ByOrder {
    switch release {
    case .mechanism(let mechanism): return Self.byOrder(mechanism)
    case .poissonSampled(let rate, let mechanism): return try poisson(rate: rate, mechanism)
    case .sampledWithoutReplacement(let size, let population, let mechanism):
      guard neighbours == .replaceOne else {
        throw .notBounded(
          accountant: .rdp,
          reason: "a sample of fixed size is bounded for neighbours that replace a record only; "
            + "choose them, or Poisson samples")
      }
      return Self.withoutReplacement(rate: Double(size) / Double(population), mechanism)
    }
  }

  static func byOrder(_ mechanism: Release.Mechanism) -> ByOrder {
    switch mechanism {
    case .gaussian(let multiplier): return { $0 / (2 * multiplier * multiplier) }
    case .laplace(let scale): return { laplace(scale: scale, order: $0) }
    // Canonne, Kamath and Steinke, NeurIPS 2020, theorem 4: no worse than the continuous one.
    case .discreteGaussian(let scale, let sensitivity):
      let distance = Double(sensitivity) / scale
      return { $0 * distance * distance / 2 }
    case .discreteLaplace(let scale, let sensitivity):
      let atoms = LossAtoms.discreteLaplace(scale: scale, sensitivity: sensitivity)
      return { atoms.divergence(order: $0, rate: 1) }
    case .skellam(let variance, let l1, let l2): return { skellam(variance: variance, l1: l1, l2: l2, order: $0) }
    case .concentrated(let rho): return { rho * $0 }
    case .pure(let epsilon):
      let atoms = LossAtoms.pure(epsilon)
      return { atoms.divergence(order: $0, rate: 1) }
    }
  }

  private func poisson(rate: Double, _ mechanism: Release.Mechanism) throws(AccountingError) -> ByOrder {
    guard neighbours == .addOrRemoveOne else {
      throw .notBounded(
        accountant: .rdp, reason: "Poisson samples are bounded for neighbours that add or remove a record only")
    }
    let sampled = { (atoms: LossAtoms) -> ByOrder in { atoms.divergence(order: $0, rate: rate) } }
    switch mechanism {
    case .gaussian(let multiplier):
      let gaussian = SampledGaussian(rate: rate, multiplier: multiplier)
      // The divergence is quasi-convex: a sample cannot cost more than all records.
      return { min($0 / (2 * multiplier * multiplier), gaussian.divergence(order: $0)) }
    case .laplace(let scale): return sampled(.laplace(1 / scale))
    case .discreteLaplace(let scale, let sensitivity):
      return sampled(.discreteLaplace(scale: scale, sensitivity: sensitivity))
    case .pure(let epsilon): return sampled(.pure(epsilon))
    case .discreteGaussian, .skellam, .concentrated:
      throw .notBounded(
        accountant: .rdp, reason: "amplification by Poisson samples is bounded for Gaussian and pure mechanisms only")
    }
  }
}

extension RenyiDivergence {
  /// Mironov, "Rényi differential privacy", CSF 2017, proposition 6, as the excess over 1, plus its rounding error.
  private static func laplace(scale: Double, order: Double) -> Double {
    let epsilon = 1 / scale
    let top = (order - 1) * epsilon
    if top > 300 { return min(epsilon, (top + log(order / (2 * order - 1))) / (order - 1) * (1 + 1e-12)) }
    let excess = (order * expm1(top) + (order - 1) * expm1(-order * epsilon)) / (2 * order - 1)
    let rounding = 1e-15 * order * expm1(top) / (2 * order - 1)
    return min(epsilon, order * epsilon * epsilon / 2, log1p(max(0, excess) + rounding) / (order - 1) * (1 + 1e-12))
  }

  /// Agarwal, Kairouz and Liu, "The Skellam mechanism", NeurIPS 2021, theorem 3.5, at the next whole order: divergences
  /// increase with the order.
  private static func skellam(variance: Double, l1: Double, l2: Double, order: Double) -> Double {
    let order = max(2, order.rounded(.up))
    let excess = min(
      ((2 * order - 1) * l2 * l2 + 6 * l1) / (4 * variance * variance), 3 * l1 / (2 * variance))
    return order * l2 * l2 / (2 * variance) + excess
  }
}
