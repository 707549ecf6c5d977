import Foundation

/// A privacy loss on the grid of multiples of a step, with some probability of an infinite loss, that is no better than a
/// given curve: its δ is that of the curve at each point of the grid and, as a function of e^ε, straight in between.
///
/// - Source: Doroshenko, Ghazi, Kamath, Kumar and Manurangsi, "Connect the dots: tighter discrete approximations of privacy
///   loss distributions", PETS 2022.
struct GridLoss: Sendable {
  let step: Double
  /// The grid index of the first probability.
  let first: Int
  let probabilities: [Double]
  let infinite: Double

  /// Losses outside of `range`, which holds 0, are moved up to its lower end, or to infinity.
  init(_ curve: LossCurve, range: ClosedRange<Double>, step: Double) {
    let first = min(-1, Int((range.lowerBound / step).rounded(.down)))
    let last = max(1, Int((range.upperBound / step).rounded(.up)))
    // Below ε = 0 the complement is the one that keeps its precision.
    let lower = (first...0).map { curve.lower(Double($0) * step) }
    let upper = (-1...last).map { curve.upper(Double($0) * step) }
    (self.step, self.first) = (step, first)
    probabilities = Self.belowZero(lower, step: step) + Self.fromZero(upper, step: step)
    infinite = max(0, upper[upper.count - 1])
  }

  /// The probabilities at all indices but the last, from the complement there: on its left all mass is one atom.
  private static func belowZero(_ values: [Double], step: Double) -> [Double] {
    let (rise, fall) = (expm1(step), -expm1(-step))
    var probabilities = [Double](repeating: 0, count: values.count - 1)
    probabilities[0] = max(0, (values[1] - values[0]) / rise - values[0])
    for place in 1..<max(1, probabilities.count) {
      let (below, here, above) = (values[place - 1], values[place], values[place + 1])
      probabilities[place] = max(0, (above - here) / rise - (here - below) / fall)
    }
    return probabilities
  }

  /// The probabilities at all indices but the first, from δ there.
  private static func fromZero(_ values: [Double], step: Double) -> [Double] {
    let (rise, fall) = (expm1(step), -expm1(-step))
    var probabilities = [Double](repeating: 0, count: values.count - 1)
    for place in 1..<probabilities.count {
      let (below, here, above) = (values[place - 1], values[place], values[place + 1])
      probabilities[place - 1] = max(0, (above - here) / rise - (here - below) / fall)
    }
    probabilities[probabilities.count - 1] = max(0, (values[values.count - 2] - values[values.count - 1]) / fall)
    return probabilities
  }
}
