import Foundation

/// Finds the setting of a mechanism that just meets a target (ε, δ).
///
/// Answers are on the safe side: the accountant's ε at the setting is at most the target, and within 1e-6 of it, relatively.
public struct Calibration: Sendable {
  public let accountant: any PrivacyAccountant
  public let epsilon: Double
  public let delta: Double

  public init(accountant: any PrivacyAccountant, epsilon: Double, delta: Double) throws(AccountingError) {
    guard epsilon > 0, epsilon < .infinity else {
      throw .invalid(what: "the target ε", given: "\(epsilon)", expected: "above 0")
    }
    try checkDelta(delta)
    (self.accountant, self.epsilon, self.delta) = (accountant, epsilon, delta)
  }

  /// The least noise multiplier in 1e-3...1e6 at which `event` costs at most the target.
  public func noiseMultiplier(
    _ event: (Double) -> PrivacyEvent
  ) throws(AccountingError) -> Double {
    try solve(in: -log(1e6)...(-log(1e-3)), what: "noise multiplier", start: 0) { event(exp(-$0)) }.map { exp(-$0) }
      .setting
  }

  /// The largest sampling rate in 1e-9...1 at which `event` costs at most the target.
  public func samplingRate(_ event: (Double) -> PrivacyEvent) throws(AccountingError) -> Double {
    try solve(in: log(1e-9)...0, what: "sampling rate", start: log(0.01)) { event(min(1, exp($0))) }
      .map { min(1, exp($0)) }.setting
  }

  /// The largest number of steps in 1...10^9 at which `event` costs at most the target.
  public func steps(_ event: (Int) -> PrivacyEvent) throws(AccountingError) -> Int {
    let solved = try solve(in: 0...log(1e9), what: "number of steps", start: log(100)) {
      event(Int(exp($0).rounded(.down)))
    }
    var steps = Int(exp(solved.setting).rounded(.down))
    // The solver's tolerance may leave it a few steps short.
    for _ in 0..<8 {
      guard try accountant.epsilon(of: event(steps + 1), delta: delta) <= epsilon else { break }
      steps += 1
    }
    return steps
  }
}

extension Calibration {
  private struct Solution {
    var setting: Double
    func map(_ change: (Double) -> Double) -> Solution { Solution(setting: change(setting)) }
  }

  private static let tolerance = 1e-7

  /// The largest setting in `range` whose event is within the target, ε growing with the setting.
  private func solve(
    in range: ClosedRange<Double>, what: String, start: Double, _ event: (Double) -> PrivacyEvent
  ) throws(AccountingError) -> Solution {
    var (low, high) = try bracket(in: range, what: what, start: start, event)
    if high.setting == low.setting { return Solution(setting: low.setting) }
    // Illinois: regula falsi on log ε whose stale end loses half its weight.
    var side = 0
    for _ in 0..<80 where high.setting - low.setting > 1e-12 {
      if -low.excess < Self.tolerance { break }
      var next = (low.setting * high.excess - high.setting * low.excess) / (high.excess - low.excess)
      let margin = 1e-3 * (high.setting - low.setting)
      if !(next > low.setting && next < high.setting) || !high.excess.isFinite || !low.excess.isFinite {
        next = (low.setting + high.setting) / 2
      } else {
        next = min(max(next - 2e-8, low.setting + min(margin, 1e-9)), high.setting - min(margin, 1e-9))
      }
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
    return Solution(setting: low.setting)
  }

  private typealias End = (setting: Double, excess: Double)

  /// A setting within the target and one beyond it, from `start` by growing strides.
  private func bracket(
    in range: ClosedRange<Double>, what: String, start: Double, _ event: (Double) -> PrivacyEvent
  ) throws(AccountingError) -> (End, End) {
    var current: End = (start, try excess(event(start)))
    let direction = current.excess <= 0 ? 1.0 : -1.0
    var stride = 0.5
    while true {
      let setting = min(max(current.setting + direction * stride, range.lowerBound), range.upperBound)
      if setting == current.setting {
        if direction > 0 { return (current, current) }
        throw .unreachable(reason: "no \(what) in range gives ε ≤ \(epsilon) at δ = \(delta)")
      }
      let next: End = (setting, try excess(event(setting)))
      if direction > 0, next.excess > 0 { return (current, next) }
      if direction < 0, next.excess <= 0 { return (next, current) }
      current = next
      stride *= 2
    }
  }

  /// log(ε / target); a setting that has no finite ε is beyond any target.
  private func excess(_ event: PrivacyEvent) throws(AccountingError) -> Double {
    do throws(AccountingError) {
      return log(max(1e-300, try accountant.epsilon(of: event, delta: delta)) / epsilon)
    } catch .notBounded(let accountant, let reason) where reason.contains("too small") {
      _ = accountant
      return .infinity
    }
  }
}
