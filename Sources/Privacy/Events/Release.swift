import Foundation

/// One release in the accountants' normal form: nothing nested but a sample around a mechanism.
enum Release: Hashable, Sendable {
  case mechanism(Mechanism)
  case poissonSampled(rate: Double, Mechanism)
  case sampledWithoutReplacement(size: Int, population: Int, Mechanism)

  /// A mechanism on all records.
  enum Mechanism: Hashable, Sendable {
    case gaussian(Double)
    case laplace(Double)
    case discreteGaussian(scale: Double, sensitivity: Int)
    case discreteLaplace(scale: Double, sensitivity: Int)
    case skellam(variance: Double, l1: Double, l2: Double)
    case concentrated(Double)
    case pure(Double)
  }
}

extension Release.Mechanism {
  /// The supremum of the privacy loss: the ε at δ = 0.
  var largestLoss: Double {
    switch self {
    case .gaussian, .discreteGaussian, .skellam, .concentrated: .infinity
    case .laplace(let scale): 1 / scale
    case .discreteLaplace(let scale, let sensitivity): Double(sensitivity) / scale
    case .pure(let epsilon): epsilon
    }
  }
}

extension Release {
  /// The supremum of the privacy loss, in the worse direction.
  var largestLoss: Double {
    switch self {
    case .mechanism(let mechanism): mechanism.largestLoss
    case .poissonSampled(let rate, let mechanism): amplified(mechanism.largestLoss, rate: rate)
    // Pure amplification holds for both ways of sampling (Balle, Barthe and Gaboardi, NeurIPS 2018).
    case .sampledWithoutReplacement(let size, let population, let mechanism):
      amplified(mechanism.largestLoss, rate: Double(size) / Double(population))
    }
  }

  /// log(1 + q(e^ε − 1)), where nothing overflows.
  private func amplified(_ epsilon: Double, rate: Double) -> Double {
    epsilon < 700 ? log1p(rate * expm1(epsilon)) : epsilon + log(rate)
  }
}
