/// An opinion on what releases cost.
///
/// An accountant answers with what it can prove, and refuses, with a reason, what it cannot bound.
public protocol PrivacyAccountant: Sendable {
  /// Between which data sets its ε holds.
  var neighbours: Neighbours { get }

  /// The smallest ε at which this accountant can prove the event (ε, δ)-differentially private, for δ in [0, 1).
  func epsilon(of event: PrivacyEvent, delta: Double) throws(AccountingError) -> Double
}

/// The accountants by name, for flags and files.
public enum AccountantKind: String, Hashable, Sendable, Codable, CaseIterable {
  /// Rényi divergences.
  case rdp
  /// Distributions of the privacy loss.
  case pld
  /// The limit of many small releases; an approximation.
  case gdp

  /// Whether its ε is proved; the limit's is not, unless all noise is Gaussian without sampling.
  public var isProved: Bool {
    switch self {
    case .rdp, .pld: true
    case .gdp: false
    }
  }

  public func accountant(neighbours: Neighbours = .addOrRemoveOne) -> any PrivacyAccountant {
    switch self {
    case .rdp: RenyiAccountant(neighbours: neighbours)
    case .pld: LossAccountant(neighbours: neighbours)
    case .gdp: GaussianLimitAccountant(neighbours: neighbours)
    }
  }
}

/// Why there is no ε.
public enum AccountingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A number that no mechanism has.
  case invalid(what: String, given: String, expected: String)
  /// The accountant has no bound for what was released.
  case notBounded(accountant: AccountantKind, reason: String)
  /// No setting reaches the target.
  case unreachable(reason: String)

  public var description: String {
    switch self {
    case .invalid(let what, let given, let expected): "\(what) is \(given); it must be \(expected)"
    case .notBounded(let accountant, let reason): "the accountant \(accountant.rawValue) gives no ε: \(reason)"
    case .unreachable(let reason): reason
    }
  }
}

/// Throws unless δ is one.
func checkDelta(_ delta: Double) throws(AccountingError) {
  guard delta >= 0, delta < 1 else {
    throw .invalid(what: "δ", given: "\(delta)", expected: "at least 0 and below 1")
  }
  guard delta == 0 || delta >= 1e-250 else {
    throw .invalid(what: "δ", given: "\(delta)", expected: "0 or at least 1e-250, where floating-point arithmetic holds")
  }
}
