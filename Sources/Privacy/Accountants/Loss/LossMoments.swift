import Foundation

/// The cumulant function K(θ) = Σ nᵢ log E[e^(θLᵢ)] of composed losses on grids, finite losses only.
struct LossMoments: Sendable {
  let parts: [(loss: GridLoss, count: Int)]

  /// K(θ).
  func value(_ theta: Double) -> Double {
    parts.reduce(0) { $0 + Double($1.count) * Self.sums(of: $1.loss, theta, around: 0).logTotal }
  }

  /// K′(θ) and √K″(θ).
  func meanAndDeviation(_ theta: Double) -> (mean: Double, deviation: Double) {
    var (mean, variance) = (0.0, 0.0)
    for (loss, count) in parts {
      let center = Self.sums(of: loss, theta, around: 0).mean
      mean += Double(count) * center
      variance += Double(count) * Self.sums(of: loss, theta, around: center).square
    }
    return (mean, variance.squareRoot())
  }

  /// Sums over one loss L under the weights e^(θL): log of the total, means of L − center and of its square.
  private static func sums(
    of loss: GridLoss, _ theta: Double, around center: Double
  ) -> (logTotal: Double, mean: Double, square: Double) {
    let peak = logPeak(of: loss, theta)
    var (sum, first, second) = (0.0, 0.0, 0.0)
    for (place, probability) in loss.probabilities.enumerated() where probability > 0 {
      let value = Double(loss.first + place) * loss.step
      let weight = probability * exp(theta * value - peak)
      sum += weight
      first += weight * (value - center)
      second += weight * (value - center) * (value - center)
    }
    return (log(sum) + peak, first / sum, second / sum)
  }

  /// An exponent that keeps all weights in the range of numbers.
  private static func logPeak(of loss: GridLoss, _ theta: Double) -> Double {
    let ends = [loss.first, loss.first + loss.probabilities.count - 1].map { Double($0) * loss.step * theta }
    guard max(abs(ends[0]), abs(ends[1])) > 300 else { return 0 }
    var peak = -Double.infinity
    for (place, probability) in loss.probabilities.enumerated() where probability > 0 {
      peak = max(peak, log(probability) + theta * Double(loss.first + place) * loss.step)
    }
    return peak
  }

  /// The θ at which the Rényi conversion at δ is best, by a golden section in log θ; ε lies near K′(θ) then.
  func bestTilt(delta: Double, from smallest: Double, to largest: Double) -> Double {
    let bound = { (exponent: Double) -> Double in
      let theta = exp(exponent)
      return (value(theta) - log(delta) - log1p(theta)) / theta + log1p(-1 / (1 + theta))
    }
    let ratio = (5.0.squareRoot() - 1) / 2
    var (low, high) = (log(smallest), log(largest))
    var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
    var (atLeft, atRight) = (bound(left), bound(right))
    while high - low > 0.1 {
      if atLeft < atRight {
        (high, right, atRight) = (right, left, atLeft)
        left = high - ratio * (high - low)
        atLeft = bound(left)
      } else {
        (low, left, atLeft) = (left, right, atRight)
        right = low + ratio * (high - low)
        atRight = bound(right)
      }
    }
    return exp((low + high) / 2)
  }
}
