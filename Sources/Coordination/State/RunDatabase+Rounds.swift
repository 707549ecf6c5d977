import Foundation
public import GRDB

/// A completed round.
public struct RoundRecord: Codable, Hashable, Sendable {
  public var job: String
  public var round: Int
  public var attempt: Int
  /// Who was asked, and whose updates are in the model.
  public var cohort: [String]
  public var contributors: [String]
  public var metrics: RoundMetrics
  /// Payload of the coordinator and all workers.
  public var bytesSent: Int
  public var seconds: Double

  package init(
    job: String, round: Int, attempt: Int, cohort: [String], contributors: [String], metrics: RoundMetrics,
    bytesSent: Int, seconds: Double
  ) {
    self.job = job
    self.round = round
    self.attempt = attempt
    self.cohort = cohort
    self.contributors = contributors
    self.metrics = metrics
    self.bytesSent = bytesSent
    self.seconds = seconds
  }
}

/// What is known of the model that a round began with.
public struct RoundMetrics: Codable, Hashable, Sendable {
  /// The mean loss over the workers' held-out rows.
  public var loss: Double?
  /// Of classes: the share of held-out rows that are right.
  public var accuracy: Double?
  /// Of numbers: in the square of the model's own unit.
  public var meanSquaredError: Double?
  /// What a training that hides each worker has spent by the end of this round; of many rounds every hundredth part tells.
  public var epsilon: Double?

  public init() {}
}

extension RoundRecord: FetchableRecord, TableRecord {
  public static let databaseTableName = "rounds"
}

extension RunDatabase {
  /// The completed rounds above a number, in order.
  public func rounds(of job: String, after round: Int = 0) throws(CoordinationError) -> [RoundRecord] {
    try read {
      try RoundRecord.filter(Column("job") == job && Column("round") > round).order(Column("round")).fetchAll($0)
    }
  }

  /// Commits a round with the model it ends with and the strategy's state; older versions but the last two are removed.
  ///
  /// - Parameter durability: of a model that lies in the state itself. One in a file is on disk, since a row that names a file must not be
  ///   lost when the file before it is gone.
  /// - Returns: Whether somebody has asked for the end of the job.
  @discardableResult
  func commit(
    _ record: RoundRecord, model: [Float], strategy: Data?, outliving durability: Durability = .powerLoss
  ) throws(CoordinationError) -> Bool {
    let name = ModelFiles.name(of: model, job: record.job, round: record.round)
    var weights: Data?
    if model.count * MemoryLayout<Float>.size <= largestRow {
      weights = model.withUnsafeBytes { Data($0) }
    } else {
      try models.save(model, as: name)
    }
    let (old, mustStop) = try write(outliving: weights == nil ? .powerLoss : durability) { db in
      try insert(record, model: name, weights, strategy, db)
      let old = try String.fetchAll(
        try db.cachedStatement(
          sql: "SELECT model FROM rounds WHERE job = ? AND round = ? AND model IS NOT NULL AND weights IS NULL"),
        arguments: [record.job, record.round - 2])
      try db.cachedStatement(
        sql: "UPDATE rounds SET model = NULL, weights = NULL, strategy = NULL WHERE job = ? AND round = ?"
      ).execute(arguments: [record.job, record.round - 2])
      try db.cachedStatement(sql: "DELETE FROM buffered WHERE job = ?").execute(arguments: [record.job])
      let mustStop = try Bool.fetchOne(
        try db.cachedStatement(sql: "SELECT stopRequested FROM jobs WHERE id = ?"), arguments: [record.job])
      return (old, mustStop ?? false)
    }
    for name in old { models.remove(name) }
    return mustStop
  }

  /// In the columns of ``RoundRecord``, whose lists are JSON.
  private func insert(
    _ record: RoundRecord, model: String, _ weights: Data?, _ strategy: Data?, _ db: Database
  ) throws {
    let encoder = JSONEncoder()
    let cohort = String(decoding: try encoder.encode(record.cohort), as: UTF8.self)
    let contributors =
      record.contributors == record.cohort
      ? cohort : String(decoding: try encoder.encode(record.contributors), as: UTF8.self)
    let metrics = String(decoding: try encoder.encode(record.metrics), as: UTF8.self)
    try db.cachedStatement(
      sql: """
        INSERT INTO rounds
          (job, round, attempt, cohort, contributors, metrics, bytesSent, seconds, model, weights, strategy)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(
      arguments: [
        record.job, record.round, record.attempt, cohort, contributors, metrics, record.bytesSent, record.seconds,
        model, weights, strategy,
      ])
  }

  /// The last completed round with its model, if there is one.
  func lastRound(of job: String) throws(CoordinationError) -> (round: Int, model: [Float], strategy: Data?)? {
    let row = try read {
      try Row.fetchOne(
        $0, sql: "SELECT round, model, weights, strategy FROM rounds WHERE job = ? ORDER BY round DESC LIMIT 1",
        arguments: [job])
    }
    guard let row, let name: String = row["model"] else { return nil }
    guard let weights: Data = row["weights"] else { return (row["round"], try models.load(name), row["strategy"]) }
    return (row["round"], try ModelFiles.weights(weights, named: name, at: path), row["strategy"])
  }
}
