import Foundation

/// How well a release tells neighbours apart: the hockey-stick divergence δ(ε) = E[(1 − e^(ε − L))₊] of its privacy loss L, and
/// its complement E[(e^(ε − L) − 1)₊] = δ(ε) − 1 + e^ε; each with relative precision where it is small.
struct LossCurve: Sendable {
  private let base: SymmetricLoss
  private let rate: Double
  private let isReversed: Bool

  /// The worst pair of a mechanism on a Poisson sample, or on all records at rate 1; `isReversed` where the record is added
  /// and not removed. With the record the output is the mixture (1 − q)·Q + q·P
  /// (Zhu, Dong and Wang, "Optimal accounting of differential privacy via characteristic function", AISTATS 2022, theorem 11).
  init(_ base: SymmetricLoss, rate: Double = 1, isReversed: Bool = false) {
    (self.base, self.rate, self.isReversed) = (base, rate, isReversed)
  }

  var isSymmetric: Bool { rate == 1 }
  var largestLoss: Double { isReversed ? largestGain : largestDrop }
  var smallestLoss: Double { isReversed ? -largestDrop : -largestGain }

  /// δ(ε).
  func upper(_ epsilon: Double) -> Double {
    isReversed ? exp(epsilon) * removedLower(-epsilon) : removedUpper(epsilon)
  }

  /// δ(ε) − 1 + e^ε.
  func lower(_ epsilon: Double) -> Double {
    isReversed ? exp(epsilon) * removedUpper(-epsilon) : removedLower(epsilon)
  }

  private var largestDrop: Double {
    let loss = base.largestLoss
    if loss == .infinity || rate == 1 { return loss }
    return loss < 700 ? log1p(rate * expm1(loss)) : loss + log(rate)
  }

  private var largestGain: Double {
    if rate == 1 { return base.largestLoss }
    return -log1p(rate * expm1(-base.largestLoss))
  }

  private func removedUpper(_ epsilon: Double) -> Double {
    guard let inner = innerEpsilon(epsilon) else { return -expm1(epsilon) }
    return rate * base.upper(inner)
  }

  private func removedLower(_ epsilon: Double) -> Double {
    guard let inner = innerEpsilon(epsilon) else { return 0 }
    return rate * base.lower(inner)
  }

  /// The ε′ with e^ε = 1 − q + q·e^ε′, if there is one.
  private func innerEpsilon(_ epsilon: Double) -> Double? {
    if rate == 1 { return epsilon }
    if epsilon > 1 { return epsilon - log(rate) + log1p(-(1 - rate) * exp(-epsilon)) }
    let ratio = expm1(epsilon) / rate
    return ratio > -1 ? log1p(ratio) : nil
  }
}

/// A symmetric pair by its curve for ε ≥ 0.
enum SymmetricLoss: Sendable {
  case gaussian(distance: Double)
  case laplace(Double)
  case table(LossTable)

  var largestLoss: Double {
    switch self {
    case .gaussian: .infinity
    case .laplace(let epsilon): epsilon
    case .table(let table): table.largestLoss
    }
  }

  func upper(_ epsilon: Double) -> Double {
    epsilon >= 0 ? right(epsilon) : exp(epsilon) * right(-epsilon) - expm1(epsilon)
  }

  func lower(_ epsilon: Double) -> Double {
    epsilon <= 0 ? exp(epsilon) * right(-epsilon) : right(epsilon) + expm1(epsilon)
  }

  private func right(_ epsilon: Double) -> Double {
    switch self {
    case .gaussian(let distance): NormalDistribution.hockeyStick(epsilon: epsilon, distance: distance)
    case .laplace(let largest): epsilon < largest ? -expm1((epsilon - largest) / 2) : 0
    case .table(let table): table.divergence(epsilon)
    }
  }
}

/// The curve of finitely many losses.
struct LossTable: Sendable {
  private let losses: [Double]
  /// At each loss δ, and the sum of p·e^(ε − L) over this loss and those above.
  private let divergences: [Double]
  private let weights: [Double]

  var largestLoss: Double { losses.last ?? 0 }

  /// From the largest loss down; all terms are positive.
  init(_ atoms: LossAtoms) {
    let atoms = atoms.atoms.filter { $0.p > 0 && $0.loss > 0 }
    var divergences = [Double](repeating: 0, count: atoms.count)
    var weights = divergences
    var (divergence, weight) = (0.0, 0.0)
    for place in atoms.indices.reversed() {
      let step = place + 1 < atoms.count ? atoms[place].loss - atoms[place + 1].loss : 0
      divergence += weight * -expm1(step)
      weight = weight * exp(step) + atoms[place].p
      (divergences[place], weights[place]) = (divergence, weight)
    }
    (losses, self.divergences, self.weights) = (atoms.map(\.loss), divergences, weights)
  }

  func divergence(_ epsilon: Double) -> Double {
    var (low, high) = (0, losses.count)
    while low < high {
      let middle = (low + high) / 2
      if losses[middle] < epsilon { low = middle + 1 } else { high = middle }
    }
    guard low < losses.count else { return 0 }
    return divergences[low] + weights[low] * -expm1(epsilon - losses[low])
  }
}
