import Foundation
import GRDB
import NIOConcurrencyHelpers

/// What a coordinator must not forget: jobs, rounds, cohorts, metrics and small models in SQLite, large models in files beside it.
///
/// Write-ahead logging: what is committed survives a kill at any instant, and a loss of power but for rounds that are committed with
/// `Durability.kill`. A model's file is complete and on disk before the row that names it.
public final class RunDatabase: Sendable {
  let pool: DatabasePool
  public let path: String
  let models: ModelFiles
  /// The largest model that lies in the state itself, in bytes.
  let largestRow: Int
  /// Numbers of attempts that are taken from the state and not used yet.
  let freeNumbers = NIOLockedValueBox<Range<Int>>(0..<0)
  private let waits: NIOLockedValueBox<Waits>

  private struct Waits {
    var rule: DiskWaits
    /// How the writing connection is set.
    var isSynchronous = true
    var count = 0
  }

  /// Opens the state, or makes it.
  ///
  /// - Parameter largestRow: the largest model that lies in the state itself, in bytes: a file of its own costs another wait for
  ///   the disk.
  /// - Throws: ``CoordinationError/state(path:reason:)``.
  public convenience init(path: String, largestRow: Int = 1 << 20) throws(CoordinationError) {
    try self.init(path: path, largestRow: largestRow, waitInterval: .seconds(1))
  }

  /// - Parameter waitInterval: how often rounds wait for the disk that need not outlive a loss of power.
  package convenience init(path: String, largestRow: Int, waitInterval: Duration) throws(CoordinationError) {
    try self.init(opening: path, largestRow: largestRow, waitInterval: waitInterval)
    do { try Self.patiently { try Self.migrator.migrate(pool) } } catch {
      throw .state(path: path, reason: Self.sentence(error))
    }
  }

  private init(
    opening path: String, largestRow: Int, waitInterval: Duration = .seconds(1)
  ) throws(CoordinationError) {
    self.path = path
    waits = NIOLockedValueBox(Waits(rule: DiskWaits(interval: waitInterval)))
    self.largestRow = largestRow
    models = ModelFiles(folder: path + ".models")
    do {
      var configuration = Configuration()
      configuration.busyMode = .timeout(10)
      pool = try Self.patiently { try DatabasePool(path: path, configuration: configuration) }
      // Pools choose NORMAL when they open, which a loss of power may take commits from.
      let synchronous = try Self.patiently {
        try pool.writeWithoutTransaction { db in
          try db.execute(sql: "PRAGMA synchronous = FULL")
          return try Int.fetchOne(db, sql: "PRAGMA synchronous")
        }
      }
      guard synchronous == 2 else { throw DatabaseError(message: "SQLite does not wait for the disk") }
    } catch {
      throw .state(path: path, reason: Self.sentence(error))
    }
  }

  /// Opens a state that a coordinator has made; making and changing its tables is left to the coordinator.
  public static func existing(path: String) throws(CoordinationError) -> RunDatabase {
    guard FileManager.default.fileExists(atPath: path) else {
      throw .state(path: path, reason: "it is not there; name the file that tacit coordinator --state wrote")
    }
    let database = try RunDatabase(opening: path, largestRow: 0)
    guard try database.read(migrator.hasCompletedMigrations) else {
      throw .state(
        path: path, reason: "it is not ready; start its coordinator with this version of tacit, and try again")
    }
    return database
  }

  /// Tries again for 10 s while another process that opens or closes the state has it locked, which SQLite reports without waiting.
  private static func patiently<Value>(_ body: () throws -> Value) throws -> Value {
    let end = ContinuousClock.now + .seconds(10)
    while true {
      do { return try body() } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
        guard ContinuousClock.now < end else { throw error }
        Thread.sleep(forTimeInterval: 0.01)
      }
    }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in
      try db.execute(
        sql: """
          CREATE TABLE jobs (
            id TEXT PRIMARY KEY, text TEXT NOT NULL, seed INTEGER NOT NULL, submitter TEXT NOT NULL, created REAL NOT NULL,
            status TEXT NOT NULL, failure TEXT, stopRequested INTEGER NOT NULL DEFAULT 0, workers TEXT NOT NULL, roster TEXT,
            preprocessing BLOB, rows INTEGER, report BLOB
          );
          CREATE TABLE rounds (
            job TEXT NOT NULL REFERENCES jobs(id), round INTEGER NOT NULL, attempt INTEGER NOT NULL, cohort TEXT NOT NULL,
            contributors TEXT NOT NULL, metrics BLOB NOT NULL, bytesSent INTEGER NOT NULL, seconds REAL NOT NULL,
            model TEXT, strategy BLOB, PRIMARY KEY (job, round)
          );
          CREATE TABLE attempts (number INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, round INTEGER NOT NULL);
          """)
    }
    migrator.registerMigration("2") { db in
      try db.execute(
        sql: """
          CREATE TABLE buffered (
            job TEXT NOT NULL REFERENCES jobs(id), attempt INTEGER NOT NULL, worker TEXT NOT NULL, round INTEGER NOT NULL,
            header BLOB NOT NULL, vector BLOB NOT NULL
          );
          """)
    }
    migrator.registerMigration("3") { db in try db.execute(sql: "ALTER TABLE jobs ADD COLUMN first TEXT") }
    migrator.registerMigration("4") { db in try db.execute(sql: "ALTER TABLE jobs ADD COLUMN exitCode INTEGER") }
    migrator.registerMigration("5") { db in try db.execute(sql: "ALTER TABLE rounds ADD COLUMN weights BLOB") }
    return migrator
  }

  static func sentence(_ error: any Error) -> String {
    switch error {
    case let error as DatabaseError: error.message ?? "SQLite says \(error.resultCode)"
    case let error as CoordinationError: error.description
    default: "it cannot be read or written"
    }
  }

  /// Runs a transaction; what fails is one of this room's errors.
  func write<Value>(
    outliving durability: Durability = .powerLoss, _ updates: (Database) throws -> Value
  ) throws(CoordinationError) -> Value {
    do {
      return try pool.writeWithoutTransaction { db in
        try prepare(db, durability)
        var value: Value?
        try db.inTransaction {
          value = try updates(db)
          return .commit
        }
        guard let value else { throw DatabaseError(message: "the transaction gave nothing") }
        return value
      }
    } catch let error as CoordinationError {
      throw error
    } catch { throw .state(path: path, reason: Self.sentence(error)) }
  }

  /// How many commits of this process have waited for the disk.
  package var waitCount: Int { waits.withLockedValue { $0.count } }

  /// Has the next commit of the writing connection wait for the disk, or not.
  private func prepare(_ db: Database, _ durability: Durability) throws {
    try waits.withLockedValue { waits in
      let mustWait = waits.rule.mustWait(durability, at: .now)
      if mustWait { waits.count += 1 }
      guard mustWait != waits.isSynchronous else { return }
      try db.execute(sql: "PRAGMA synchronous = \(mustWait ? "FULL" : "NORMAL")")
      waits.isSynchronous = mustWait
    }
  }

  func read<Value>(_ value: (Database) throws -> Value) throws(CoordinationError) -> Value {
    do { return try pool.read(value) } catch let error as CoordinationError {
      throw error
    } catch { throw .state(path: path, reason: Self.sentence(error)) }
  }
}
