import Crypto
import Foundation
import GRDB
public import Privacy

/// What was released about which data, and what may still be: an append-only file of entries, each of which holds the hash of
/// the one before it.
///
/// Reserve before noise is drawn, commit when the result is out. What is reserved counts, so that a process which is killed in
/// between has spent what it may have released. Costs are never added up: the events of a data set are composed anew, and
/// its budget's accountant says what they cost together. Reservations are transactions that lock the file, so of two
/// processes that want the last of a budget one is refused.
public final class PrivacyLedger: Sendable {
  public let path: String
  let queue: DatabaseQueue

  /// Opens a ledger, or makes it, and checks its chain.
  public init(path: String) throws(LedgerError) {
    self.path = path
    do {
      var configuration = Configuration()
      configuration.busyMode = .timeout(30)
      configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = EXTRA") }
      queue = try DatabaseQueue(path: path, configuration: configuration)
      try queue.write { try $0.execute(sql: Self.schema) }
    } catch { throw .file(path: path, reason: Self.sentence(error)) }
    try verify()
  }

  /// Opens a ledger that is there already.
  public static func existing(path: String) throws(LedgerError) -> PrivacyLedger {
    guard FileManager.default.fileExists(atPath: path) else {
      throw .file(path: path, reason: "it is not there; declare a budget to begin one")
    }
    return try PrivacyLedger(path: path)
  }

  private static let schema = """
    CREATE TABLE IF NOT EXISTS entries (
      number INTEGER PRIMARY KEY, dataset TEXT NOT NULL, time REAL NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS entriesByDataset ON entries(dataset);
    CREATE TRIGGER IF NOT EXISTS noChange BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'append only'); END;
    CREATE TRIGGER IF NOT EXISTS noRemoval BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'append only'); END;
    """

  /// A budget from here on.
  public func declare(_ budget: PrivacyBudget, for dataset: String) throws(LedgerError) {
    _ = try write { try self.append(.budget(budget), dataset: dataset, to: $0) }
  }

  /// Counts `event` against the data set's budget and returns the reservation's number.
  ///
  /// - Throws: ``LedgerError/exhausted(dataset:epsilon:budget:)`` if it does not fit; then nothing is counted.
  public func reserve(_ event: PrivacyEvent, of dataset: String, purpose: String) throws(LedgerError) -> Int {
    try write { db in
      let account = DatasetAccount(dataset, try self.entries(of: dataset, in: db))
      try account.check(adding: event)
      return try self.append(.reserved(event, purpose: purpose), dataset: dataset, to: db)
    }
  }

  /// Notes that a reservation was released; of a repeated event, if given, its first `repetitions` only.
  public func commit(_ reservation: Int, repetitions: Int? = nil) throws(LedgerError) {
    try write { db in
      guard let reserved = try self.entry(reservation, in: db), case .reserved(let event, _) = reserved.body,
        DatasetAccount(reserved.dataset, try self.entries(of: reserved.dataset, in: db)).isOpen(reservation)
      else { throw LedgerError.notReserved(reservation) }
      let spent = try Self.part(of: event, repetitions: repetitions, reservation: reservation)
      _ = try self.append(.committed(reservation: reservation, spent), dataset: reserved.dataset, to: db)
    }
  }

  private static func part(
    of event: PrivacyEvent, repetitions: Int?, reservation: Int
  ) throws(LedgerError) -> PrivacyEvent {
    guard let repetitions else { return event }
    guard case .repeated(let step, let count) = event, (0...count).contains(repetitions) else {
      throw .notWithinReservation(reservation)
    }
    return .repeated(step, count: repetitions)
  }

  /// How every data set of the ledger stands, by name.
  public func statements() throws(LedgerError) -> [LedgerStatement] {
    let byDataset = Dictionary(grouping: try entries(), by: \.dataset)
    var statements: [LedgerStatement] = []
    for (dataset, entries) in byDataset.sorted(by: { $0.key < $1.key }) {
      statements.append(try DatasetAccount(dataset, entries).statement())
    }
    return statements
  }
}
