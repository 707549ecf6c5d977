import Foundation

extension RenyiDivergence {
  /// Whole orders past this are left out.
  private static let largestOrder = 2048.0

  /// A mechanism on a sample of fixed size, between data sets that differ in one record (Wang, Balle and Kasiviswanathan,
  /// "Subsampled Rényi differential privacy and analytical moments accountant", AISTATS 2019, theorem 9).
  ///
  /// Between whole orders (α − 1)·D is convex, so the chord is an upper bound.
  static func withoutReplacement(rate: Double, _ mechanism: Release.Mechanism) -> ByOrder {
    let whole = byOrder(mechanism)
    let moment = { (order: Double) in
      order < 2 ? 0 : logMoment(rate: rate, divergence: whole, largest: mechanism.largestLoss, order: Int(order))
    }
    return { order in
      guard order <= largestOrder else { return whole(order) }
      let (below, above) = (order.rounded(.down), order.rounded(.up))
      let (low, high) = (moment(below), moment(max(2, above)))
      let share = below == above ? 1 : (order - below) / (above - below)
      return min(whole(order), (low + share * (high - low)) / (order - 1))
    }
  }

  /// log of the theorem's sum at a whole order.
  private static func logMoment(rate: Double, divergence: ByOrder, largest: Double, order: Int) -> Double {
    // log(min(2, (e^ε∞ − 1)^j))
    let cap = { (power: Double) in
      largest == .infinity ? log(2) : min(log(2), power * (largest < 700 ? log(expm1(largest)) : largest))
    }
    let second = divergence(2)
    var logBinomial = log(Double(order)) + log(Double(order - 1)) - log(2)
    let squares = min(log(4) + (second < 700 ? log(expm1(second)) : second), second + cap(2))
    var logs = [2 * log(rate) + logBinomial + squares]
    for power in 3..<max(3, order + 1) {
      let j = Double(power)
      logBinomial += log(Double(order - power + 1)) - log(j)
      logs.append(j * log(rate) + logBinomial + (j - 1) * divergence(j) + cap(j))
    }
    let peak = logs.max() ?? 0
    let sum = peak + log(logs.reduce(0) { $0 + exp($1 - peak) })
    return (sum > 30 ? sum : log1p(exp(sum))) * (1 + 1e-12)
  }
}
