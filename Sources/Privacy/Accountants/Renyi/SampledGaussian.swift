import Foundation

/// The Rényi divergence of one Gaussian mechanism on a Poisson sample, by quadrature.
///
/// For neighbours that differ by one added or removed record the larger divergence of order α is log(A) / (α − 1) with
/// A = E[((1 − q) + q e^((2z − 1)/2σ²))^α], z from N(0, σ²) (Mironov, Talwar and Zhang, "Rényi differential privacy of the
/// sampled Gaussian mechanism", 2019, theorems 4 and 5). With x = q(e^… − 1), whose mean is 0, A − 1 is the mean of
/// (1 + x)^α − 1 − αx, which is never negative: nothing cancels, at any order. The integral runs over z/σ in panels of 16
/// Gauss nodes; panels are at most 1 wide, finer near the place where both terms are equal, and left out where the integrand
/// is e^40 below its peak. The logarithm's second derivative is nowhere below −1, so no peak hides between the edges of a panel.
/// Within a relative 1e-9.
package struct SampledGaussian {
  private let rate: Double
  private let multiplier: Double

  /// `rate` in (0, 1) and `multiplier` above 0.
  package init(rate: Double, multiplier: Double) { (self.rate, self.multiplier) = (rate, multiplier) }

  /// Past this many panels an order is left out.
  private static let largestPanelCount = 200_000.0

  /// The divergence of `order` > 1; infinite where it is too large to matter.
  package func divergence(order: Double) -> Double {
    guard max(order, 2) / multiplier < Self.largestPanelCount else { return .infinity }
    let edges = panelEdges(order: order)
    let heights = edges.map { logIntegrand($0, order: order) }
    guard let peak = heights.max(), peak > -.infinity else { return 0 }
    var sum = 0.0
    for panel in 0..<edges.count - 1 where max(heights[panel], heights[panel + 1]) > peak - 42 {
      let width = edges[panel + 1] - edges[panel]
      for node in GaussLegendre.nodes {
        sum += width * node.weight * exp(logIntegrand(edges[panel] + width * node.place, order: order) - peak)
      }
    }
    let logMoment = peak + log(sum) - 0.5 * log(2 * Double.pi)
    let value = logMoment > 30 ? logMoment : log1p(exp(logMoment))
    return value / (order - 1) * (1 + 1e-9)
  }

  private func panelEdges(order: Double) -> [Double] {
    let last = (max(order, 2) / multiplier + 13).rounded(.up)
    var edges = stride(from: -13.0, through: last, by: 1).map { $0 }
    guard multiplier < 3 else { return edges }
    let middle = multiplier * log((1 - rate) / rate) + 0.5 / multiplier
    var distance = multiplier / 2
    edges.append(middle)
    while distance < 2 {
      edges += [middle - distance, middle + distance]
      distance *= 2
    }
    return edges.filter { $0 >= -13 && $0 <= last }.sorted()
  }

  /// log of ((1 + x)^α − 1 − αx)·e^(−t²/2) at t = z/σ.
  private func logIntegrand(_ t: Double, order: Double) -> Double {
    let exponent = t / multiplier - 0.5 / (multiplier * multiplier)
    guard exponent < 500 else {
      return order * (exponent + log(rate) + log1p((1 - rate) / rate * exp(-exponent))) - 0.5 * t * t
    }
    return Self.logExcess(rate * expm1(exponent), order: order) - 0.5 * t * t
  }

  /// log((1 + x)^α − 1 − αx) for x > −1 and α > 1.
  static func logExcess(_ x: Double, order: Double) -> Double {
    if abs(x) * max(order, 2) < 0.02 { return logSmallExcess(x, order: order) }
    let power = order * log1p(x)
    if power > 30 { return power + log1p(-(1 + order * x) * exp(-power)) }
    // (1 + x)(e^((α − 1) log(1 + x)) − 1) − (α − 1)x keeps its precision for α near 1.
    return log(max(0, (1 + x) * expm1((order - 1) * log1p(x)) - (order - 1) * x))
  }

  /// The same by the binomial series, from its term in x² on.
  private static func logSmallExcess(_ x: Double, order: Double) -> Double {
    var term = 1.0
    var sum = 1.0
    for index in 3...12 {
      term *= (order - Double(index) + 1) / Double(index) * x
      sum += term
    }
    return log(order) + log(order - 1) - log(2) + 2 * log(abs(x)) + log(sum)
  }
}
