import Foundation

extension Calibration {
  /// The search for the largest setting whose event is within the target, ε growing with the setting: a bracket by growing
  /// strides, then the Illinois variant of regula falsi on log ε. Settings are logarithms.
  struct Search {
    private let calibration: Calibration
    private let range: ClosedRange<Double>
    private let start: Double
    private let what: String
    private let isWhole: Bool

    /// `isWhole` where the setting is the logarithm of a whole number.
    init(
      _ calibration: Calibration, range: ClosedRange<Double>, start: Double, what: String, isWhole: Bool = false
    ) {
      (self.calibration, self.range, self.start) = (calibration, range, start)
      (self.what, self.isWhole) = (what, isWhole)
    }

    /// Close enough to the target, in log ε.
    private static let tolerance = 1e-7

    func solve(_ event: (Double) -> PrivacyEvent) throws(AccountingError) -> Double {
      var (low, high) = try bracket(event)
      // Which end moved last: a stale end loses half its weight.
      var side = 0
      for _ in 0..<100 where -low.excess > Self.tolerance {
        guard let next = between(low, high) else { break }
        let excess = try excess(event(next))
        if excess <= 0 {
          low = (next, excess)
          if side == -1 { high.excess /= 2 }
          side = -1
        } else {
          high = (next, excess)
          if side == 1 { low.excess /= 2 }
          side = 1
        }
      }
      return low.setting
    }

    private typealias End = (setting: Double, excess: Double)

    /// A setting strictly between, by the chord where it helps; nil where there is none.
    private func between(_ low: End, _ high: End) -> Double? {
      guard high.setting - low.setting > 1e-13 else { return nil }
      let chord = (low.setting * high.excess - high.setting * low.excess) / (high.excess - low.excess)
      let isInside = chord > low.setting && chord < high.setting
      // A little below the chord, so that the answer comes from the safe side.
      let next = isInside ? max(chord - 2e-8, (low.setting + chord) / 2) : (low.setting + high.setting) / 2
      guard isWhole else { return next }
      let (first, last) = (exp(low.setting).rounded() + 1, exp(high.setting).rounded() - 1)
      return first <= last ? log(min(max(exp(next).rounded(), first), last)) : nil
    }

    /// A setting within the target and one beyond it, or the range's upper end twice.
    private func bracket(_ event: (Double) -> PrivacyEvent) throws(AccountingError) -> (End, End) {
      var current: End = (start, try excess(event(start)))
      let direction = current.excess <= 0 ? 1.0 : -1.0
      var stride = 0.25
      while true {
        let setting = rounded(min(max(current.setting + direction * stride, range.lowerBound), range.upperBound))
        if setting == current.setting {
          if direction > 0 { return (current, current) }
          throw .unreachable(
            reason: "no \(what) in range gives ε ≤ \(calibration.epsilon) at δ = \(calibration.delta)")
        }
        let next: End = (setting, try excess(event(setting)))
        if direction > 0, next.excess > 0 { return (current, next) }
        if direction < 0, next.excess <= 0 { return (next, current) }
        current = next
        stride *= 2
      }
    }

    private func rounded(_ setting: Double) -> Double {
      isWhole ? log(exp(setting).rounded()) : setting
    }

    /// log(ε / target), within what arithmetic needs.
    private func excess(_ event: PrivacyEvent) throws(AccountingError) -> Double {
      let epsilon = try calibration.accountant.epsilon(of: event, delta: calibration.delta)
      return min(500, max(-500, log(epsilon / calibration.epsilon)))
    }
  }
}
