public import Privacy

/// Why a ledger cannot be used, or forbids a release.
public enum LedgerError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The release would go beyond the budget.
  case exhausted(dataset: String, epsilon: Double, budget: PrivacyBudget)
  /// No budget was declared for a data set.
  case noBudget(dataset: String)
  /// A release that the budget's accountant cannot bound.
  case notBounded(dataset: String, AccountingError)
  /// A reservation that is not there or was settled already.
  case notReserved(Int)
  /// A settlement that says less than the reservation allows to leave out.
  case notWithinReservation(Int)
  /// Entries were changed, removed or put in from outside.
  case tampered(path: String, entry: Int)
  /// A file that cannot be used.
  case file(path: String, reason: String)
  /// A budget that nothing can keep.
  case invalid(AccountingError)

  /// Whether the ledger did its duty: a policy's refusal.
  public var isRefusal: Bool {
    switch self {
    case .exhausted, .noBudget, .notBounded: true
    case .notReserved, .notWithinReservation, .tampered, .file, .invalid: false
    }
  }

  /// 4 for a refusal, 5 for a changed file, 2 for a file or budget that cannot be used, 1 for misuse by the program.
  public var exitCode: Int {
    switch self {
    case .exhausted, .noBudget, .notBounded: 4
    case .tampered: 5
    case .file, .invalid: 2
    case .notReserved, .notWithinReservation: 1
    }
  }

  public var description: String {
    switch self {
    case .exhausted(let dataset, let epsilon, let budget):
      "the privacy budget of \(dataset) does not allow this: it would cost ε = \(short(epsilon)) in all, "
        + "and ε = \(short(budget.epsilon)) at δ = \(budget.delta) is all there is"
    case .noBudget(let dataset):
      "no privacy budget is declared for \(dataset); declare one with tacit privacy ledger --declare"
    case .notBounded(let dataset, let error): "the privacy budget of \(dataset) does not allow this: \(error)"
    case .notReserved(let number): "entry \(number) is no open reservation"
    case .notWithinReservation(let number): "entry \(number) reserves something else than what is to be settled"
    case .tampered(let path, let entry):
      "\(path) was changed from outside at entry \(entry); use a copy that is whole, or start a new ledger"
    case .file(let path, let reason): "the ledger \(path) cannot be used: \(reason)"
    case .invalid(let error): "a budget cannot be kept: \(error)"
    }
  }

  private func short(_ value: Double) -> String { "\((value * 10_000).rounded(.up) / 10_000)" }
}
