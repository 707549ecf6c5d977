import Foundation

/// A figure and the range that holds it in most repetitions of the experiment.
public struct ConfidenceInterval: Hashable, Sendable, Codable {
  public var value: Double
  public var low: Double
  public var high: Double

  public init(value: Double, low: Double, high: Double) {
    (self.value, self.low, self.high) = (value, low, high)
  }

  /// The probability of an event seen `count` times in `of` independent trials.
  ///
  /// - Parameter confidence: above 0 and below 1.
  /// - Source: C. Clopper and E. Pearson, *The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial*,
  ///   Biometrika 1934; it holds at every probability.
  public static func share(_ count: Int, of trials: Int, confidence: Double) -> ConfidenceInterval {
    precondition(0 <= count && count <= trials, "\(count) of \(trials) trials")
    guard trials > 0 else { return ConfidenceInterval(value: .nan, low: 0, high: 1) }
    let tail = (1 - confidence) / 2
    let (k, n) = (Double(count), Double(trials))
    let low = count == 0 ? 0 : root { BetaDistribution.lowerTail($0, k, n - k + 1) < tail }
    let high = count == trials ? 1 : root { BetaDistribution.lowerTail($0, k + 1, n - k) < 1 - tail }
    return ConfidenceInterval(value: k / n, low: low, high: high)
  }

  /// The mean of values that are drawn alike and independently, by the normal approximation.
  ///
  /// - Parameter confidence: above 0 and below 1.
  public static func mean(_ values: [Double], confidence: Double) -> ConfidenceInterval {
    let count = Double(max(values.count, 1))
    let mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(count - 1, 1)
    let reach = normalQuantile(confidence) * (variance / count).squareRoot()
    return ConfidenceInterval(value: mean, low: mean - reach, high: mean + reach)
  }

  /// The chance that a member scores higher than one who is none, ties counting half.
  ///
  /// - Source: J. Hanley and B. McNeil, *The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC) Curve*,
  ///   Radiology 1982: its error, by the normal approximation.
  static func area(_ area: Double, members: Int, others: Int, confidence: Double) -> ConfidenceInterval {
    let first = area / (2 - area)
    let second = 2 * area * area / (1 + area)
    let variance =
      (area * (1 - area) + Double(members - 1) * (first - area * area) + Double(others - 1) * (second - area * area))
      / (Double(members) * Double(others))
    let reach = normalQuantile(confidence) * max(0, variance).squareRoot()
    return ConfidenceInterval(value: area, low: max(0, area - reach), high: min(1, area + reach))
  }

  /// z with P(|Z| < z) = `confidence`.
  private static func normalQuantile(_ confidence: Double) -> Double {
    12 * root { 1 - erfc($0 * 12 / 2.0.squareRoot()) < confidence }
  }

  /// Where a condition that holds at 0 ceases to, in 0...1.
  private static func root(_ holds: (Double) -> Bool) -> Double {
    var (low, high) = (0.0, 1.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if holds(middle) { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
