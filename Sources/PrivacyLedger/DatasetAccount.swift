import Privacy

/// One data set's entries, read as an account: pure, without a file.
struct DatasetAccount {
  let dataset: String
  private var budget: PrivacyBudget?
  /// What counts, by the number of its reservation: as reserved, or as committed.
  private var events: [(reservation: Int, event: PrivacyEvent, isCommitted: Bool)] = []

  init(_ dataset: String, _ entries: [LedgerEntry]) {
    self.dataset = dataset
    for entry in entries {
      switch entry.body {
      case .budget(let budget): self.budget = budget
      case .reserved(let event, _): events.append((entry.number, event, false))
      case .committed(let reservation, let event):
        if let place = events.firstIndex(where: { $0.reservation == reservation }) {
          events[place] = (reservation, event, true)
        }
      }
    }
  }

  func isOpen(_ reservation: Int) -> Bool { events.contains { $0.reservation == reservation && !$0.isCommitted } }

  /// Throws unless everything that counts and the event together fit the budget.
  func check(adding event: PrivacyEvent) throws(LedgerError) {
    guard let budget else { throw .noBudget(dataset: dataset) }
    let epsilon: Double
    do { epsilon = try budget.cost(of: .composed(events.map(\.event) + [event])) } catch {
      throw .notBounded(dataset: dataset, error)
    }
    guard epsilon <= budget.epsilon else { throw .exhausted(dataset: dataset, epsilon: epsilon, budget: budget) }
  }

  func statement() throws(LedgerError) -> LedgerStatement {
    var history: [Double] = []
    if let budget {
      for count in Self.places(events.count) {
        do { history.append(try budget.cost(of: .composed(events.prefix(count).map(\.event)))) } catch {
          throw .notBounded(dataset: dataset, error)
        }
      }
    }
    let committed = events.filter(\.isCommitted).count
    return LedgerStatement(
      dataset: dataset, budget: budget, spent: budget == nil ? nil : history.last ?? 0,
      reservedCount: events.count - committed, committedCount: committed, history: history)
  }

  /// Up to 20 counts of events whose cost a picture shows, the last one among them.
  private static func places(_ count: Int) -> [Int] {
    let shown = min(count, 20)
    return (0..<shown).map { (count * ($0 + 1)) / shown }
  }
}
