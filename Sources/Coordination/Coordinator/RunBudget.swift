import Learning
import Privacy
import PrivacyLedger

/// Where a coordinator, or a worker, takes the privacy of its jobs from.
public struct PrivacyBudgetSource: Sendable {
  let ledger: PrivacyLedger
  /// The ledger's name for the data; the job's own where there is none.
  let dataset: String?

  /// - Throws: `LedgerError` where the ledger cannot be used.
  public init(ledger path: String, dataset: String? = nil) throws {
    ledger = try PrivacyLedger.existing(path: path)
    self.dataset = dataset
  }
}

/// One job's entries in a ledger: all its rounds are reserved before the first one, and committed after the last. A round that has to
/// be done again, since nobody knows what became of it, is one more.
struct RunBudget: Sendable {
  private let source: PrivacyBudgetSource
  private let dataset: String
  private let purpose: String

  init(_ source: PrivacyBudgetSource, job: String, dataset: String) {
    self.source = source
    self.dataset = source.dataset ?? dataset
    purpose = "federated job \(job)"
  }

  /// Reserves all rounds, unless a run before a crash did; gives the reservation's number, and whether it was there already.
  ///
  /// - Parameter reusesSettled: whether one that is settled serves as well. It must not where others name the job.
  /// - Throws: ``CoordinationError/ledger(_:)`` where the budget does not suffice.
  func reserve(
    _ event: PrivacyEvent, rounds: Int, reusesSettled: Bool
  ) throws(CoordinationError) -> (number: Int, isKnown: Bool) {
    let all = PrivacyEvent.repeated(event, count: rounds)
    return try kept { () throws(LedgerError) in
      let entries = try source.ledger.entries()
      let settled = Set(
        entries.compactMap { entry in
          if case .committed(let reservation, _) = entry.body { reservation } else { nil }
        })
      let known = entries.first { entry in
        entry.dataset == dataset && entry.body == .reserved(all, purpose: purpose)
          && (reusesSettled || !settled.contains(entry.number))
      }
      if let known { return (known.number, true) }
      return (try source.ledger.reserve(all, of: dataset, purpose: purpose), false)
    }
  }

  /// Reserves a round that is done again.
  func reserve(_ event: PrivacyEvent, again round: Int) throws(CoordinationError) -> Int {
    try kept { () throws(LedgerError) in
      try source.ledger.reserve(event, of: dataset, purpose: "\(purpose), round \(round) again")
    }
  }

  /// Notes that what was reserved is out; what is settled already stays as it is.
  func commit(_ reservation: Int) throws(CoordinationError) {
    try kept { () throws(LedgerError) in
      do throws(LedgerError) {
        try source.ledger.commit(reservation)
      } catch .notReserved { return }
    }
  }

  private func kept<Value>(_ body: () throws(LedgerError) -> Value) throws(CoordinationError) -> Value {
    do { return try body() } catch { throw .ledger(error) }
  }
}
