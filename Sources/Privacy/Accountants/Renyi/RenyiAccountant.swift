import Foundation

/// Adds up Rényi divergences and turns them into ε at the best real order.
///
/// - Source: Mironov, CSF 2017; conversion by Canonne, Kamath and Steinke, "The discrete Gaussian for differential privacy",
///   NeurIPS 2020, proposition 12 (as in Asoodeh et al., ISIT 2020).
public struct RenyiAccountant: PrivacyAccountant {
  public let neighbours: Neighbours

  public init(neighbours: Neighbours = .addOrRemoveOne) { self.neighbours = neighbours }

  public func epsilon(of event: PrivacyEvent, delta: Double) throws(AccountingError) -> Double {
    try checkDelta(delta)
    let releases = try Releases(of: event, for: .rdp)
    if releases.isEmpty { return 0 }
    let epsilon = min(try search(releases, delta: delta).best().epsilon, releases.largestLoss)
    guard epsilon < .infinity else {
      throw .notBounded(
        accountant: .rdp, reason: delta == 0 ? Self.noPureBound : "the noise is too small for a finite bound")
    }
    return epsilon
  }

  /// The Rényi divergence of this order above 1 that ``epsilon(of:delta:)`` reckons with.
  public func divergence(of event: PrivacyEvent, order: Double) throws(AccountingError) -> Double {
    try search(Releases(of: event, for: .rdp), delta: 0).parts.reduce(0) { $0 + $1.count * $1.divergence(order) }
  }

  private func search(_ releases: Releases, delta: Double) throws(AccountingError) -> OrderSearch {
    let divergences = RenyiDivergence(neighbours: neighbours)
    var parts: [(divergence: RenyiDivergence.ByOrder, count: Double)] = []
    for (release, count) in releases.counts { parts.append((try divergences.byOrder(release), Double(count))) }
    return OrderSearch(parts: parts, delta: delta)
  }

  static let noPureBound = "δ is 0 and the loss of this noise has no largest value; give a δ above 0"
}

/// The smallest ε over all orders: a geometric grid in α − 1, then a golden section between the best one's neighbours.
private struct OrderSearch {
  let parts: [(divergence: RenyiDivergence.ByOrder, count: Double)]
  let delta: Double

  struct Point {
    var order: Double
    var epsilon: Double
  }

  private static let stepsPerDecade = 6

  func best() -> Point {
    var best = Point(order: 2, epsilon: .infinity)
    guard delta > 0 else { return best }
    var exponent = -7.0
    var bestExponent = 0.0
    while exponent <= 9 {
      let (candidate, divergence) = point(exponent: exponent)
      if candidate.epsilon < best.epsilon { (best, bestExponent) = (candidate, exponent) }
      // Divergences only grow with the order, and the conversion takes off no more than this.
      if divergence - 1 / candidate.order - max(0, log(delta * candidate.order) / (candidate.order - 1)) > best.epsilon {
        break
      }
      exponent += 1 / Double(Self.stepsPerDecade)
    }
    return best.epsilon > 0 && best.epsilon < .infinity ? refined(best, around: bestExponent) : best
  }

  private func refined(_ start: Point, around exponent: Double) -> Point {
    let ratio = (5.0.squareRoot() - 1) / 2
    var best = start
    var (low, high) = (exponent - 1 / Double(Self.stepsPerDecade), exponent + 1 / Double(Self.stepsPerDecade))
    var left = point(exponent: high - ratio * (high - low)).0
    var right = point(exponent: low + ratio * (high - low)).0
    for _ in 0..<22 {
      for candidate in [left, right] where candidate.epsilon < best.epsilon { best = candidate }
      if left.epsilon < right.epsilon {
        (high, right) = (low + ratio * (high - low), left)
        left = point(exponent: high - ratio * (high - low)).0
      } else {
        (low, left) = (high - ratio * (high - low), right)
        right = point(exponent: low + ratio * (high - low)).0
      }
    }
    return best
  }

  /// ε and the divergence at α = 1 + 10^exponent.
  private func point(exponent: Double) -> (Point, Double) {
    let excess = pow(10, exponent)
    let order = 1 + excess
    let total = parts.reduce(0) { $0 + $1.count * $1.divergence(order) }
    return (Point(order: order, epsilon: epsilon(divergence: total, order: order, excess: excess)), total)
  }

  private func epsilon(divergence: Double, order: Double, excess: Double) -> Double {
    guard divergence < .infinity, delta > 0 else { return .infinity }
    // Total variation is at most √(1 − e^−D) (Bretagnolle and Huber) and at most √(D/2) (Pinsker).
    if delta * delta > min(-expm1(-divergence), divergence / 2) { return 0 }
    let converted = divergence + log1p(-1 / order) - (log(delta) + log(order)) / excess
    return max(0, converted)
  }
}
