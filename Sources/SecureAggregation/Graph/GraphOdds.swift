import Foundation

/// What can go wrong in a random regular graph, and how likely.
struct GraphOdds {
  let clients: Int
  let corrupted: Int
  let dropped: Int
  let assumption: RegularGraph.Assumption

  init(clients: Int, assumption: RegularGraph.Assumption) throws(SecureAggregationError) {
    guard (3...AggregationPlan.largestClientCount).contains(clients) else {
      throw .plan(reason: "a regular graph has 3 to \(AggregationPlan.largestClientCount) clients, not \(clients)")
    }
    guard assumption.corrupted >= 0, assumption.dropouts >= 0, assumption.corrupted + assumption.dropouts < 1 else {
      throw .plan(reason: "the parts of corrupted clients and of dropouts are not negative and together below 1")
    }
    self.clients = clients
    // The addend keeps a product such as 0.29 · 100 from losing one.
    corrupted = Int(assumption.corrupted * Double(clients) + 1e-6)
    dropped = Int(assumption.dropouts * Double(clients) + 1e-6)
    self.assumption = assumption
  }

  func isSafe(degree: Int, threshold: Int) -> Bool {
    let allowed = exp2(-Double(RegularGraph.Assumption.securityBits))
    switch assumption.server {
    case .curious:
      return tooManyCorrupted(threshold, degree: degree) + longRun(degree / 2) <= allowed
    case .active:
      let tries = exp2(Double(RegularGraph.Assumption.triedBits))
      let bad = threshold - degree / 2 - 1
      return bad >= 1 && tooManyCorrupted(bad, degree: degree) * tries <= allowed
    }
  }

  func completes(degree: Int, threshold: Int) -> Bool {
    let odds = Hypergeometric(population: clients - 1, marked: min(dropped, clients - 1), drawn: degree)
    return Double(clients) * odds.tail(atLeast: degree - threshold + 1)
      <= exp2(-Double(RegularGraph.Assumption.completionBits))
  }

  /// Nil where no threshold is safe. Safety grows with the threshold, so halving finds the smallest.
  func smallestThreshold(degree: Int) -> Int? {
    guard isSafe(degree: degree, threshold: degree) else { return nil }
    var (low, high) = (1, degree)
    while low < high {
      let middle = (low + high) / 2
      if isSafe(degree: degree, threshold: middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Bounds the chance that `count` neighbours of some client are corrupted.
  private func tooManyCorrupted(_ count: Int, degree: Int) -> Double {
    let odds = Hypergeometric(population: clients - 1, marked: min(corrupted, clients - 1), drawn: degree)
    return Double(clients) * odds.tail(atLeast: count)
  }

  /// Bounds the chance that `length` in a row are corrupted or out, without which the others stay connected.
  private func longRun(_ length: Int) -> Double {
    let removed = corrupted + dropped
    guard length <= removed else { return 0 }
    return (0..<length).reduce(Double(clients)) { $0 * Double(removed - $1) / Double(clients - $1) }
  }
}
