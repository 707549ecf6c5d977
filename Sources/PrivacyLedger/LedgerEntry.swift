public import Foundation
public import Privacy

/// What may be learnt about each record of a data set, over all releases.
public struct PrivacyBudget: Hashable, Sendable, Codable {
  public var epsilon: Double
  public var delta: Double
  public var neighbours: Neighbours
  public var accountant: AccountantKind

  /// - Parameter accountant: `rdp` or `pld`; an approximation keeps no budget.
  public init(
    epsilon: Double, delta: Double, neighbours: Neighbours = .addOrRemoveOne, accountant: AccountantKind = .pld
  ) throws(LedgerError) {
    guard epsilon > 0, epsilon < .infinity else {
      throw .invalid(.invalid(what: "its ε", given: "\(epsilon)", expected: "above 0"))
    }
    guard delta >= 0, delta < 1 else {
      throw .invalid(.invalid(what: "its δ", given: "\(delta)", expected: "at least 0 and below 1"))
    }
    guard accountant.isProved else {
      throw .invalid(.invalid(what: "its accountant", given: accountant.rawValue, expected: "rdp or pld"))
    }
    (self.epsilon, self.delta, self.neighbours, self.accountant) = (epsilon, delta, neighbours, accountant)
  }

  /// The ε of an event as this budget counts it.
  public func cost(of event: PrivacyEvent) throws(AccountingError) -> Double {
    try accountant.accountant(neighbours: neighbours).epsilon(of: event, delta: delta)
  }
}

/// One line of a ledger; lines are only ever added.
public struct LedgerEntry: Hashable, Sendable, Codable {
  /// What a line says.
  public enum Body: Hashable, Sendable, Codable {
    /// A budget holds from here on; a later one replaces it, and everything that was spent before still counts.
    case budget(PrivacyBudget)
    /// Something is about to be released; it counts from here on, whatever happens.
    case reserved(PrivacyEvent, purpose: String)
    /// The release of a reservation happened, all of it or its first repetitions only.
    case committed(reservation: Int, PrivacyEvent)
  }

  /// From 1 on, without gaps.
  public let number: Int
  public let dataset: String
  /// Seconds since 1970.
  public let time: Double
  public let body: Body
}

/// How a data set's budget stands.
public struct LedgerStatement: Hashable, Sendable, Codable {
  public let dataset: String
  public let budget: PrivacyBudget?
  /// The ε of everything reserved or committed, composed; nil where no budget says how to count.
  public let spent: Double?
  public let reservedCount: Int
  public let committedCount: Int
  /// ε after each entry that spends, for a picture.
  public let history: [Double]
}
