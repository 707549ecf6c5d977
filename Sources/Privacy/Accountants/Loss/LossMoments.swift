import Foundation

/// The cumulant function K(θ) = Σ nᵢ log E[e^(θLᵢ)] of composed losses on grids, finite losses only.
struct LossMoments: Sendable {
  let parts: [(loss: GridLoss, count: Int)]

  /// K, K′ and K″ at θ.
  struct Cumulants {
    var value = 0.0
    var mean = 0.0
    var variance = 0.0
  }

  func cumulants(_ theta: Double) -> Cumulants {
    var sum = Cumulants()
    for (loss, count) in parts {
      let one = Self.cumulants(of: loss, theta)
      sum.value += Double(count) * one.value
      sum.mean += Double(count) * one.mean
      sum.variance += Double(count) * one.variance
    }
    return sum
  }

  private static func cumulants(of loss: GridLoss, _ theta: Double) -> Cumulants {
    let peak = logPeak(of: loss, theta)
    var (sum, first, second) = (0.0, 0.0, 0.0)
    for (place, probability) in loss.probabilities.enumerated() where probability > 0 {
      let value = Double(loss.first + place) * loss.step
      let weight = probability * exp(theta * value - peak)
      sum += weight
      first += weight * value
      second += weight * value * value
    }
    let mean = first / sum
    return Cumulants(value: log(sum) + peak, mean: mean, variance: max(0, second / sum - mean * mean))
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
  func bestTilt(delta: Double, largest: Double) -> Double {
    let bound = { (exponent: Double) -> Double in
      let theta = exp(exponent)
      return (cumulants(theta).value - log(delta) - log1p(theta)) / theta + log1p(-1 / (1 + theta))
    }
    let ratio = (5.0.squareRoot() - 1) / 2
    var (low, high) = (log(1e-4), log(largest))
    var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
    var (atLeft, atRight) = (bound(left), bound(right))
    while high - low > 0.02 {
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
