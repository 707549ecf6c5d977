import Foundation

/// Finds ε of composed losses in one direction: ranges, tilt, window, and grids that get finer until ε stands still.
struct LossComposer {
  let curves: [(curve: LossCurve, count: Int)]
  let delta: Double

  private static let coarseCount = 1024.0
  private static let largestGridCount = Double(1 << 21)
  /// Of the tilted probability this much may lie outside of the window, on either side.
  private static let outside = 1e-10
  /// ε stands still when a grid four times as fine changes it by less than this, relatively; what is left of the error is
  /// a fifteenth of the change, as it goes with the square of the step.
  private static let stillness = 1e-3

  /// ε, or any value of at most `floor` where it is no more than that.
  func epsilon(floor: Double = 0) throws(AccountingError) -> Double {
    let ranges = curves.map { range(of: $0.curve) }
    let coarse = LossMoments(
      parts: zip(curves, ranges).map { part, range in
        let step = (range.upperBound - range.lowerBound) / Self.coarseCount
        return (GridLoss(part.curve, range: range, step: step), part.count)
      })
    let widest = ranges.map { $0.upperBound - $0.lowerBound }.max() ?? 0
    guard widest > 0 else { return 0 }
    let total = Double(curves.reduce(0) { $0 + $1.count })
    var theta = coarse.bestTilt(delta: delta, from: min(1e-4, 0.1 / (widest * total)), to: max(1e4, 1e4 / widest))
    var last = Double.infinity
    // The window is some 16 deviations wide: from steps of an eighth of one loss's deviation on.
    let coarsest = total <= 1000 ? 13 : total <= 30_000 ? 15 : 17
    for exponent in stride(from: coarsest, through: 21, by: 2) {
      let next = try epsilon(gridCount: 1 << exponent, ranges, coarse, widest: widest, theta: &theta)
      let change = last - next
      last = min(last, next)
      if abs(change) <= Self.stillness * last || last <= floor { break }
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
      guard window.below + window.above < .infinity else { break }
      let step = max((window.below + window.above) / Double(gridCount - 8), widest / min(Self.largestGridCount, 4 * Double(gridCount)))
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
    let (mean, deviation) = moments.meanAndDeviation(theta)
    let value = moments.value(theta)
    for exponent in -2...8 where deviation > 0 {
      let slope = pow(2, Double(exponent)) / deviation
      let up = moments.value(theta + slope) - value
      let down = moments.value(theta - slope) - value
      above = min(above, (up - log(outside)) / slope - mean)
      below = min(below, (down - log(outside)) / slope + mean)
    }
    above = max(above, 8 * deviation) * 1.05
    below = max(below, 8 * deviation) * 1.05
  }
}
