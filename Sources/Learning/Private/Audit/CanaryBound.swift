import Foundation

/// What guesses about canaries prove of a training's ε, from one run.
///
/// Each of `canaries` rows was in the training data by a fair coin. Somebody who sees the result guesses about `guesses` of
/// them, and is right `correct` times. If the training were (ε, δ)-differentially private, the number would be at most that
/// of coins that fall right with probability e^ε / (1 + e^ε), but for an event of small probability.
///
/// - Source: T. Steinke, M. Nasr and M. Jagielski, *Privacy Auditing with One (1) Training Run*, NeurIPS 2023, theorem 5.2
///   and appendix D.
public struct CanaryBound: Hashable, Sendable {
  public let canaries: Int
  public let guesses: Int
  public let correct: Int
  public let delta: Double

  public init(canaries: Int, guesses: Int, correct: Int, delta: Double) {
    precondition(0 <= correct && correct <= guesses && guesses <= canaries, "more guesses than canaries")
    (self.canaries, self.guesses, self.correct, self.delta) = (canaries, guesses, correct, delta)
  }

  /// The largest ε that the guesses refute at a confidence below 1; 0 where they refute none.
  public func epsilon(confidence: Double) -> Double {
    let level = 1 - confidence
    guard probability(ofEpsilon: 0) < level else { return 0 }
    var (low, high) = (0.0, 1.0)
    while high < 64, probability(ofEpsilon: high) < level { high *= 2 }
    for _ in 0..<50 {
      let middle = (low + high) / 2
      if probability(ofEpsilon: middle) < level { low = middle } else { high = middle }
    }
    return low
  }

  /// An upper bound of the probability that so many guesses are right if the training is (ε, δ)-private.
  func probability(ofEpsilon epsilon: Double) -> Double {
    let hit = 1 / (1 + exp(-epsilon))
    var tail = 0.0
    for count in correct...guesses { tail += mass(count, hit) }
    var (sum, most) = (0.0, 0.0)
    for step in 1...max(correct, 1) where step <= correct {
      sum += mass(correct - step, hit)
      most = max(most, sum / Double(step))
    }
    return min(1, tail + 2 * Double(canaries) * delta * most)
  }

  /// Binomial.
  private func mass(_ count: Int, _ hit: Double) -> Double {
    let (n, k) = (Double(guesses), Double(count))
    let ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return exp(ways + k * log(hit) + (n - k) * log1p(-hit))
  }
}
