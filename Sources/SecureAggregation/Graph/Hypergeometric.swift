import Foundation

/// How many marked ones are among `drawn` drawn without replacement from `population`, of which `marked` are marked.
package struct Hypergeometric: Sendable {
  let population: Int
  let marked: Int
  let drawn: Int

  package init(population: Int, marked: Int, drawn: Int) {
    precondition(marked >= 0 && drawn >= 0 && marked <= population && drawn <= population)
    self.population = population
    self.marked = marked
    self.drawn = drawn
  }

  /// The chance of `count` or more: the exact sum, each term from the one before; relative error below 10⁻⁹ for
  /// populations up to 10⁵.
  package func tail(atLeast count: Int) -> Double {
    let first = max(count, drawn + marked - population, 0)
    let last = min(marked, drawn)
    guard first <= last else { return 0 }
    var term = exp(logChance(of: first))
    var sum = term
    for x in first..<last where term > 0 {
      let up = Double(marked - x) * Double(drawn - x)
      let down = Double(x + 1) * Double(population - marked - drawn + x + 1)
      term *= up / down
      sum += term
    }
    return min(sum, 1)
  }

  private func logChance(of count: Int) -> Double {
    Self.logChoose(marked, count) + Self.logChoose(population - marked, drawn - count)
      - Self.logChoose(population, drawn)
  }

  private static func logChoose(_ n: Int, _ k: Int) -> Double {
    logFactorial(n) - logFactorial(k) - logFactorial(n - k)
  }

  /// ln n!, by Stirling's series above 30: its error is below 10⁻¹⁵ of the value.
  private static func logFactorial(_ n: Int) -> Double {
    guard n > 30 else { return (0..<n).reduce(0) { $0 + log(Double($1 + 1)) } }
    let x = Double(n) + 1
    let inverse = 1 / (x * x)
    let series = (1.0 / 12 - inverse * (1.0 / 360 - inverse * (1.0 / 1260 - inverse / 1680))) / x
    return (x - 0.5) * log(x) - x + 0.5 * log(2 * Double.pi) + series
  }
}
