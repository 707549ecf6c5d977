import Datasets
import Foundation
public import GRDB
import NIOConcurrencyHelpers

/// A job as the state knows it.
public struct JobRecord: Codable, Hashable, Sendable {
  public enum Status: String, Codable, Hashable, Sendable { case waiting, running, done, failed, stopped }

  public var id: String
  public var text: String
  public var seed: Int64
  public var submitter: String
  public var created: Double
  public var status: Status
  public var failure: String?
  /// The exit code that goes with the failure.
  public var exitCode: Int?
  public var stopRequested: Bool
  /// The workers that are meant, by name; all that connect where there are none.
  public var workers: [String]
}

extension JobRecord: FetchableRecord, PersistableRecord {
  public static let databaseTableName = "jobs"
}

extension RunDatabase {
  public func jobs() throws(CoordinationError) -> [JobRecord] {
    try read { try JobRecord.order(Column("created")).fetchAll($0) }
  }

  public func job(_ id: String) throws(CoordinationError) -> JobRecord {
    guard let record = try read({ try JobRecord.fetchOne($0, key: id) }) else { throw .noSuchJob(id) }
    return record
  }

  /// The first job that is to be carried out: one that was running when the coordinator ended, or else the oldest that waits.
  func nextJob() throws(CoordinationError) -> JobRecord? {
    try read {
      try JobRecord.filter(["waiting", "running"].contains(Column("status")))
        .order(Column("status").asc, Column("created")).fetchOne($0)
    }
  }

  /// Puts down how a job ended; its last model is that of its last round.
  func finish(_ outcome: JobOutcome) throws(CoordinationError) {
    try write {
      try $0.execute(
        sql: "UPDATE jobs SET status = 'done', report = ? WHERE id = ?",
        arguments: [try JSONEncoder().encode(outcome), outcome.job])
    }
  }

  /// How a finished job ended.
  public func report(of id: String) throws(CoordinationError) -> JobOutcome? {
    let report = try read { try Data.fetchOne($0, sql: "SELECT report FROM jobs WHERE id = ?", arguments: [id]) }
    return report.flatMap { try? JSONDecoder().decode(JobOutcome.self, from: $0) }
  }

  /// How a finished job ended, with its model.
  public func outcome(of id: String) throws(CoordinationError) -> (outcome: JobOutcome, model: [Float])? {
    guard let outcome = try report(of: id), let last = try lastRound(of: id) else { return nil }
    return (outcome, last.model)
  }

  /// - Parameter first: the weights to begin with, where the job does not say how to draw them.
  package func add(_ record: JobRecord, first: [Float]? = nil) throws(CoordinationError) {
    let name = try first.map { (weights) throws(CoordinationError) in
      let name = ModelFiles.name(of: weights, job: record.id, round: 0)
      try models.save(weights, as: name)
      return name
    }
    try write { db in
      try record.insert(db)
      try db.execute(sql: "UPDATE jobs SET first = ? WHERE id = ?", arguments: [name, record.id])
    }
  }

  /// The weights that a job was submitted with.
  func firstWeights(of id: String) throws(CoordinationError) -> [Float]? {
    let name = try read { try String.fetchOne($0, sql: "SELECT first FROM jobs WHERE id = ?", arguments: [id]) }
    return try name.map { (name) throws(CoordinationError) in try models.load(name) }
  }

  func setStatus(
    _ status: JobRecord.Status, failure: (reason: String, exitCode: Int)? = nil, of id: String
  ) throws(CoordinationError) {
    try write {
      try $0.execute(
        sql: "UPDATE jobs SET status = ?, failure = ?, exitCode = ? WHERE id = ?",
        arguments: [status.rawValue, failure?.reason, failure?.exitCode, id])
    }
  }

  /// Asks for the end of a job after its present round.
  public func requestStop(of id: String) throws(CoordinationError) {
    _ = try job(id)
    try write { try $0.execute(sql: "UPDATE jobs SET stopRequested = 1 WHERE id = ?", arguments: [id]) }
  }

  /// What round 0 found.
  func setPreprocessing(_ preprocessing: Preprocessing?, rows: Int, of id: String) throws(CoordinationError) {
    try write {
      try $0.execute(
        sql: "UPDATE jobs SET preprocessing = ?, rows = ? WHERE id = ?",
        arguments: [try preprocessing.map { try JSONEncoder().encode($0) }, rows, id])
    }
  }

  func preprocessing(of id: String) throws(CoordinationError) -> (preprocessing: Preprocessing?, rows: Int)? {
    try read { db in
      guard let row = try Row.fetchOne(db, sql: "SELECT preprocessing, rows FROM jobs WHERE id = ?", arguments: [id]),
        let rows: Int = row["rows"]
      else { return nil }
      let data: Data? = row["preprocessing"]
      return (try data.map { try JSONDecoder().decode(Preprocessing.self, from: $0) }, rows)
    }
  }

  /// The workers that have agreed to take part: cohorts are drawn from them.
  func agreedRoster(of id: String) throws(CoordinationError) -> [String] {
    try read { db in
      guard let text = try String.fetchOne(db, sql: "SELECT roster FROM jobs WHERE id = ?", arguments: [id]) else {
        return []
      }
      return try JSONDecoder().decode([String].self, from: Data(text.utf8))
    }
  }

  func setAgreedRoster(_ roster: [String], of id: String) throws(CoordinationError) {
    try write { db in
      let text = String(decoding: try JSONEncoder().encode(roster), as: UTF8.self)
      try db.execute(sql: "UPDATE jobs SET roster = ? WHERE id = ?", arguments: [text, id])
    }
  }

  /// A number that no attempt had before, over all runs of the coordinator, for one that need not be counted: some are taken from
  /// the state at a time, so that a round does not wait for the disk before it begins. A kill loses those that are left.
  func attemptNumber() throws(CoordinationError) -> Int {
    do {
      return try freeNumbers.withLockedValue { free in
        if free.isEmpty { free = try reserveNumbers(Self.numbersAtATime) }
        return free.removeFirst()
      }
    } catch let error as CoordinationError { throw error } catch {
      throw .state(path: path, reason: Self.sentence(error))
    }
  }

  /// Whether ``attemptNumber()`` need not write to the state.
  var hasFreeNumber: Bool { freeNumbers.withLockedValue { !$0.isEmpty } }

  private static let numbersAtATime = 64

  private func reserveNumbers(_ count: Int) throws(CoordinationError) -> Range<Int> {
    try write { db in
      let name = "attempts"
      try db.execute(
        sql:
          "INSERT INTO sqlite_sequence (name, seq) SELECT ?, 0 WHERE NOT EXISTS (SELECT * FROM sqlite_sequence WHERE name = ?)",
        arguments: [name, name])
      try db.execute(sql: "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = ?", arguments: [count, name])
      guard let last = try Int.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = ?", arguments: [name])
      else { throw DatabaseError(message: "attempts cannot be numbered") }
      return last - count + 1..<last + 1
    }
  }

  /// A number that no attempt had before, over all runs of the coordinator; the attempt is counted.
  func newAttempt(job: String, round: Int) throws(CoordinationError) -> Int {
    try write { db in
      try db.execute(sql: "INSERT INTO attempts (job, round) VALUES (?, ?)", arguments: [job, round])
      return Int(db.lastInsertedRowID)
    }
  }

  /// How many attempts at these rounds there were, also those of which nobody knows the end.
  func attempts(of job: String, in rounds: ClosedRange<Int>) throws(CoordinationError) -> Int {
    try read { db in
      try Int.fetchOne(
        db, sql: "SELECT COUNT(*) FROM attempts WHERE job = ? AND round BETWEEN ? AND ?",
        arguments: [job, rounds.lowerBound, rounds.upperBound]) ?? 0
    }
  }

  /// An attempt that released nothing; its number is not used again all the same.
  func forgetAttempt(_ number: Int) throws(CoordinationError) {
    try write { try $0.execute(sql: "DELETE FROM attempts WHERE number = ?", arguments: [number]) }
  }
}
