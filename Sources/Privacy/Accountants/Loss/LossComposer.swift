import Foundation

/// Finds ε of composed losses in one direction: ranges, tilt, window, and grids that get finer until ε stands still.
struct LossComposer {
  let curves: [(curve: LossCurve, count: Int)]
  let delta: Double

  private static let coarseCount = 4096.0
  private static let largestGridCount = Double(1 << 21)
  /// Of the tilted probability this much may lie outside of the window, on either side.
  private static let outside = 1e-10
  /// ε stands still when a grid four times as fine changes it by less than this, relatively.
  private static let stillness = 1e-4

  func epsilon() throws(AccountingError) -> Double {
    let ranges = curves.map { range(of: $0.curve) }
    let coarse = LossMoments(
      parts: zip(curves, ranges).map { part, range in
        let step = (range.upperBound - range.lowerBound) / Self.coarseCount
        return (GridLoss(part.curve, range: range, step: step), part.count)
      })
    let widest = ranges.map { $0.upperBound - $0.lowerBound }.max() ?? 0
    guard widest > 0 else { return 0 }
    var theta = coarse.bestTilt(delta: delta, largest: max(1e4, 1e4 / widest))
    var last = Double.infinity
    for exponent in stride(from: 15, through: 21, by: 2) {
      let next = try epsilon(gridCount: 1 << exponent, ranges, coarse, widest: widest, theta: &theta)
      let change = last - next
      last = min(last, next)
      if abs(change) <= Self.stillness * last { break }
    }
    return last
  }

  /// ε on grids such that the window has `gridCount` places.
  private func epsilon(
    gridCount: Int, _ ranges: [ClosedRange<Double>], _ coarse: LossMoments, widest: Double, theta: inout Double
  ) throws(AccountingError) -> Double {
    let transform = FourierTransform(count: gridCount)
    for _ in 0..<4 {
      let window = Window(coarse, theta: theta, outside: Self.outside)
      let step = max((window.below + window.above) / Double(gridCount - 8), widest / Self.largestGridCount)
      let fine = LossMoments(
        parts: zip(curves, ranges).map { (GridLoss($0.curve, range: $1, step: step), $0.count) })
      let infinite = fine.parts.reduce(0.0) { $0 + Double($1.count) * $1.loss.infinite }
      guard infinite < delta else { break }
      let composition = TiltedComposition(
        moments: fine, theta: theta, below: window.below, transform: transform, step: step, above: Self.outside)
      if let epsilon = composition.epsilon(delta: delta - infinite) { return epsilon }
      theta /= 4
    }
    throw .notBounded(accountant: .pld, reason: "the losses spread too far for a grid; ask the accountant rdp")
  }

  /// Where the losses lie: what is above costs at most 1e-5 of δ in all.
  private func range(of curve: LossCurve) -> ClosedRange<Double> {
    let total = Double(curves.reduce(0) { $0 + $1.count })
    let high = reach(limit: curve.largestLoss) { curve.upper($0) <= 1e-5 * delta / total }
    let low = reach(limit: -curve.smallestLoss) { curve.lower(-$0) <= min(1e-14, delta) / total }
    return -low...high
  }

  /// About the smallest x in 0...limit at which a condition that stays true begins to hold.
  private func reach(limit: Double, _ holds: (Double) -> Bool) -> Double {
    var high = 1e-12
    while high < limit, !holds(high) { high *= 2 }
    if high >= limit, !holds(limit * (1 - 1e-9)) { return limit }
    high = min(high, limit)
    var low = high / 2
    while high - low > 1e-3 * high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle }
    }
    return high
  }
}

/// How far around the tilted mean the sum lies, by Chernoff's bound.
private struct Window {
  var below = Double.infinity
  var above = Double.infinity

  init(_ moments: LossMoments, theta: Double, outside: Double) {
    let center = moments.cumulants(theta)
    let deviation = max(center.variance.squareRoot(), 1e-300)
    for exponent in -2...8 {
      let slope = pow(2, Double(exponent)) / deviation
      let up = moments.cumulants(theta + slope).value - center.value
      let down = moments.cumulants(theta - slope).value - center.value
      above = min(above, (up - log(outside)) / slope - center.mean)
      below = min(below, (down - log(outside)) / slope + center.mean)
    }
    above = max(above, 8 * deviation) * 1.05
    below = max(below, 8 * deviation) * 1.05
  }
}
