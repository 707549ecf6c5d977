import Foundation
import GRDB

/// What a party must not forget: which models it serves and for whom, how often each client has asked, and who asked when;
/// never what.
///
/// SQLite with write-ahead logging: what is committed survives the process being killed at any instant. A machine that
/// loses power may lose the last moments; counts are then made good from the other parties, at the next session.
final class PartyDatabase: Sendable {
  /// A model as the party knows it without its share.
  struct Model: Codable, Sendable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "models"
    var name: String
    /// Which sharing of it, program and terms included.
    var key: String
    /// The certificate of the owner.
    var owner: String
    var ownerName: String
    /// The key of that certificate, which signs tokens for pages; models that were shared before there were any have none.
    var ownerKey: Data?
    var created: Double
  }

  /// A query whose answer is about to be given.
  struct Asked: Sendable {
    var id: String
    var model: String
    var key: String
    var client: CallerID
    var batch: Int
    /// The client's count with this one.
    var count: Int
    /// What the client has saved up of its rate, where there is one.
    var saved: SavedRate?
  }

  /// What a client has saved up of its rate, and when, in seconds since 1970.
  struct SavedRate: Hashable, Sendable {
    var requests: Double
    var time: Double
  }

  private let database: any DatabaseWriter
  private let path: String
  private let isLasting: Bool

  /// Queries that are remembered where there is no disk.
  private static let mostInMemory = 100_000

  /// - Parameter path: the database's file; without one, it lives as long as the process.
  init(path: String?) throws {
    self.path = path ?? "the party's memory"
    isLasting = path != nil
    do {
      var configuration = Configuration()
      configuration.busyMode = .timeout(10)
      // Pages that are written again and again reach the database once in 32 MiB: a checkpoint waits for the disk.
      configuration.prepareDatabase {
        try $0.execute(sql: "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8192")
      }
      database =
        try path.map { try DatabasePool(path: $0, configuration: configuration) }
        ?? DatabaseQueue(configuration: configuration)
      try Self.migrator.migrate(database)
    } catch { throw Self.error(error, self.path) }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in
      try db.execute(
        sql: """
          CREATE TABLE models (
            name TEXT PRIMARY KEY, key TEXT NOT NULL, owner TEXT NOT NULL, ownerName TEXT NOT NULL, created REAL NOT NULL
          );
          CREATE TABLE counts (
            key TEXT NOT NULL, client TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (key, client)
          ) WITHOUT ROWID;
          CREATE TABLE queries (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time REAL NOT NULL, model TEXT NOT NULL,
            client TEXT NOT NULL, clientName TEXT NOT NULL, batch INTEGER NOT NULL
          );
          """)
    }
    migrator.registerMigration("2") { db in
      try db.execute(
        sql: """
          ALTER TABLE models ADD COLUMN ownerKey BLOB;
          CREATE TABLE tokens (id TEXT PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;
          CREATE INDEX tokensByDate ON tokens (expires);
          """)
    }
    migrator.registerMigration("3") { db in
      try db.execute(sql: "ALTER TABLE counts ADD COLUMN saved REAL; ALTER TABLE counts ADD COLUMN savedTime REAL")
    }
    return migrator
  }

  // MARK: Models

  func models() throws -> [Model] { try read { try Model.order(sql: "name").fetchAll($0) } }

  func save(_ model: Model) throws {
    try write { db in
      try model.save(db)
      // Counts belong to a sharing: another one of the name begins anew.
      try db.execute(
        sql: "DELETE FROM counts WHERE key >= ? AND key < ? AND key <> ?",
        arguments: [model.name + "@", model.name + "A", model.key])
    }
  }

  func remove(_ name: String) throws {
    try write { db in
      try db.execute(sql: "DELETE FROM models WHERE name = ?", arguments: [name])
      try db.execute(sql: "DELETE FROM counts WHERE key >= ? AND key < ?", arguments: [name + "@", name + "A"])
    }
  }

  // MARK: Counts

  /// By the client's certificate.
  func counts(of key: String) throws -> [String: Int] {
    try read { db in
      var counts: [String: Int] = [:]
      for row in try Row.fetchAll(db, sql: "SELECT client, count FROM counts WHERE key = ?", arguments: [key]) {
        counts[row["client"]] = row["count"]
      }
      return counts
    }
  }

  /// What clients had saved up of their rates when they were last answered, by their certificates.
  func savedRates(of key: String) throws -> [String: SavedRate] {
    try read { db in
      var rates: [String: SavedRate] = [:]
      let rows = try Row.fetchAll(
        db, sql: "SELECT client, saved, savedTime FROM counts WHERE key = ? AND saved IS NOT NULL", arguments: [key])
      for row in rows { rates[row["client"]] = SavedRate(requests: row["saved"], time: row["savedTime"]) }
      return rates
    }
  }

  /// Writes down counts that other parties know better.
  func raise(_ counts: [String: Int], of key: String) throws {
    guard !counts.isEmpty else { return }
    try write { db in
      for (client, count) in counts { try Self.raise(client, to: count, of: key, in: db) }
    }
  }

  /// Writes down that queries are answered: the last thing before they are.
  ///
  /// - Throws: ``ServingError/policy(_:)`` where one of them was answered before.
  func note(_ asked: [Asked], at now: Date = Date()) throws {
    try write { db in
      let insert = try db.cachedStatement(
        sql: "INSERT INTO queries (id, time, model, client, clientName, batch) VALUES (?, ?, ?, ?, ?, ?)")
      for query in asked {
        try insert.execute(arguments: [
          query.id, now.timeIntervalSince1970, query.model, query.client.fingerprint, query.client.name, query.batch,
        ])
        try Self.raise(query.client.fingerprint, to: query.count, saved: query.saved, of: query.key, in: db)
      }
      guard !isLasting else { return }
      try db.execute(
        sql: "DELETE FROM queries WHERE number <= ?", arguments: [db.lastInsertedRowID - Int64(Self.mostInMemory)])
    }
  }

  private static func raise(
    _ client: String, to count: Int, saved: SavedRate? = nil, of key: String, in db: Database
  ) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO counts (key, client, count, saved, savedTime) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (key, client) DO UPDATE SET count = max(count, excluded.count),
          saved = coalesce(excluded.saved, saved), savedTime = coalesce(excluded.savedTime, savedTime)
        """)
    try statement.execute(arguments: [key, client, count, saved?.requests, saved?.time])
  }

  /// Which of these queries were answered before.
  func answered(among ids: [String]) throws -> Set<String> {
    try read { db in
      let statement = try db.cachedStatement(sql: "SELECT 1 FROM queries WHERE id = ?")
      return try Set(ids.filter { try Bool.fetchOne(statement, arguments: [$0]) ?? false })
    }
  }

  // MARK: Errors

  func write<Value>(_ updates: (Database) throws -> Value) throws -> Value {
    do { return try database.write(updates) } catch { throw Self.error(error, path) }
  }

  func read<Value>(_ value: (Database) throws -> Value) throws -> Value {
    do { return try database.read(value) } catch { throw Self.error(error, path) }
  }

  private static func error(_ error: any Error, _ path: String) -> any Error {
    guard let error = error as? DatabaseError else { return ServingError.storage(path, reason: "it cannot be used") }
    return ServingError.storage(path, reason: error.message ?? "SQLite says \(error.resultCode)")
  }
}
