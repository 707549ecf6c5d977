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
  public func noiseMultiplier(_ event: (Double) -> PrivacyEvent) throws(AccountingError) -> Double {
    let search = Search(self, range: -log(1e6)...(-log(1e-3)), start: 0, what: "noise multiplier")
    return exp(-(try search.solve { event(exp(-$0)) }))
  }

  /// The largest sampling rate in 1e-9...1 at which `event` costs at most the target.
  public func samplingRate(_ event: (Double) -> PrivacyEvent) throws(AccountingError) -> Double {
    let search = Search(self, range: log(1e-9)...0, start: log(0.01), what: "sampling rate")
    return exp(try search.solve { event(exp($0)) })
  }

  /// The largest number of steps in 1...10^9 at which `event` costs at most the target.
  public func steps(_ event: (Int) -> PrivacyEvent) throws(AccountingError) -> Int {
    let whole = { (setting: Double) in Int(exp(setting).rounded()) }
    let search = Search(self, range: 0...log(1e9), start: log(100), what: "number of steps", isWhole: true)
    return whole(try search.solve { event(whole($0)) })
  }
}
