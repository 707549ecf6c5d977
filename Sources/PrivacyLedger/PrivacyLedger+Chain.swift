import Crypto
import Foundation
import GRDB

extension PrivacyLedger {
  /// All entries in order, of an unbroken chain.
  public func entries() throws(LedgerError) -> [LedgerEntry] { try read { try self.checkedEntries(in: $0) } }

  /// Recomputes the whole chain.
  ///
  /// - Throws: ``LedgerError/tampered(path:entry:)``. Cut-off entries at the end are noticed by whoever noted the ``head()``.
  public func verify() throws(LedgerError) { _ = try read { try self.checkedEntries(in: $0) } }

  /// The number and hash of the last entry, to be noted elsewhere; nil in an empty ledger.
  public func head() throws(LedgerError) -> (number: Int, hash: [UInt8])? {
    try read { db in
      guard let row = try Row.fetchOne(db, sql: "SELECT number, hash FROM entries ORDER BY number DESC LIMIT 1") else {
        return nil
      }
      return (row["number"], [UInt8](row["hash"] as Data))
    }
  }

  private func checkedEntries(in db: Database) throws -> [LedgerEntry] {
    var entries: [LedgerEntry] = []
    var previous = Data()
    for row in try Row.fetchAll(db, sql: "SELECT * FROM entries ORDER BY number") {
      let number: Int = row["number"]
      let body: String = row["body"]
      let hash = Self.hash(number, row["dataset"], row["time"], body, after: previous)
      guard number == entries.count + 1, hash == row["hash"] as Data, let entry = Self.entry(row) else {
        throw LedgerError.tampered(path: path, entry: entries.count + 1)
      }
      entries.append(entry)
      previous = hash
    }
    return entries
  }

  /// One data set's entries; the chain was checked when the ledger was opened.
  func entries(of dataset: String, in db: Database) throws -> [LedgerEntry] {
    try Row.fetchAll(db, sql: "SELECT * FROM entries WHERE dataset = ? ORDER BY number", arguments: [dataset]).map {
      guard let entry = Self.entry($0) else { throw LedgerError.tampered(path: path, entry: $0["number"]) }
      return entry
    }
  }

  func entry(_ number: Int, in db: Database) throws -> LedgerEntry? {
    try Row.fetchOne(db, sql: "SELECT * FROM entries WHERE number = ?", arguments: [number]).flatMap(Self.entry)
  }

  private static func entry(_ row: Row) -> LedgerEntry? {
    guard let body = try? JSONDecoder().decode(LedgerEntry.Body.self, from: Data((row["body"] as String).utf8)) else {
      return nil
    }
    return LedgerEntry(number: row["number"], dataset: row["dataset"], time: row["time"], body: body)
  }

  /// Appends within a transaction and returns the entry's number.
  func append(_ body: LedgerEntry.Body, dataset: String, to db: Database) throws -> Int {
    let last = try Row.fetchOne(db, sql: "SELECT number, hash FROM entries ORDER BY number DESC LIMIT 1")
    let number = (last?["number"] ?? 0) + 1
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(body), as: UTF8.self)
    let time = Date().timeIntervalSince1970
    let hash = Self.hash(number, dataset, time, text, after: last?["hash"] ?? Data())
    try db.execute(
      sql: "INSERT INTO entries (number, dataset, time, body, hash) VALUES (?, ?, ?, ?, ?)",
      arguments: [number, dataset, time, text, hash])
    return number
  }

  /// SHA-256 of the entry before and of this one, each text after its length.
  private static func hash(_ number: Int, _ dataset: String, _ time: Double, _ body: String, after previous: Data) -> Data {
    var hasher = SHA256()
    hasher.update(data: previous)
    for word in [UInt64(number), time.bitPattern, UInt64(dataset.utf8.count), UInt64(body.utf8.count)] {
      withUnsafeBytes(of: word.littleEndian) { hasher.update(bufferPointer: $0) }
    }
    hasher.update(data: Data(dataset.utf8))
    hasher.update(data: Data(body.utf8))
    return Data(hasher.finalize())
  }

  /// An immediate transaction; what fails is one of this room's errors.
  func write<Value>(_ updates: (Database) throws -> Value) throws(LedgerError) -> Value {
    do { return try queue.write(updates) } catch let error as LedgerError { throw error } catch {
      throw .file(path: path, reason: Self.sentence(error))
    }
  }

  func read<Value>(_ value: (Database) throws -> Value) throws(LedgerError) -> Value {
    do { return try queue.read(value) } catch let error as LedgerError { throw error } catch {
      throw .file(path: path, reason: Self.sentence(error))
    }
  }

  static func sentence(_ error: any Error) -> String {
    switch error {
    case let error as DatabaseError: error.message ?? "SQLite says \(error.resultCode)"
    default: "it cannot be read or written"
    }
  }
}
