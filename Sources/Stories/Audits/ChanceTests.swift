import Foundation

/// Pearson's test of whether all classes come alike.
enum ChiSquare {
  /// The probability that counts are as uneven by chance.
  static func probability(of counts: [Int]) -> Double {
    let mean = Double(counts.reduce(0, +)) / Double(max(counts.count, 1))
    guard mean > 0 else { return 1 }
    let statistic = counts.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) / mean }
    return upperTail(statistic, freedom: Double(counts.count - 1))
  }

  /// By the cube root, which is nearly normal.
  ///
  /// - Source: E. Wilson and M. Hilferty, *The Distribution of Chi-Square*, PNAS 1931.
  static func upperTail(_ statistic: Double, freedom: Double) -> Double {
    let spread = 2 / (9 * freedom)
    let z = (pow(statistic / freedom, 1.0 / 3) - (1 - spread)) / spread.squareRoot()
    return 0.5 * erfc(z / 2.0.squareRoot())
  }
}

/// A coin's tosses, many enough for the normal approximation.
enum FairCoin {
  /// The probability of a count as far from the half, or farther.
  static func probability(of count: Int, in tosses: Int) -> Double {
    let half = Double(tosses) / 2
    return erfc(abs(Double(count) - half) / (half.squareRoot()))
  }
}
