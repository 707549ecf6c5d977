package import Foundation
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

/// A round with what the next one begins with.
package struct CompletedRound: Sendable {
  package let record: RoundRecord
  package let model: [Float]
  /// The strategy's.
  package let strategy: Data?

  package init(record: RoundRecord, model: [Float], strategy: Data?) {
    self.record = record
    self.model = model
    self.strategy = strategy
  }
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

  /// Commits rounds of a job that follow each other; models and strategies' states are kept of the last two rounds.
  ///
  /// - Parameter durability: of models that lie in the state itself. One in a file is on disk, since a row that names a file must not be
  ///   lost when the file before it is gone.
  /// - Returns: Whether somebody has asked for the end of the job.
  @discardableResult
  package func commit(
    _ rounds: [CompletedRound], outliving durability: Durability = .powerLoss
  ) throws(CoordinationError) -> Bool {
    guard let first = rounds.first?.record, let last = rounds.last?.record else { return false }
    var versions: [Version?] = []
    for (index, round) in rounds.enumerated() {
      versions.append(index < rounds.count - 2 ? nil : try version(of: round))
    }
    let isInFile = versions.contains { $0.map { $0.weights == nil } ?? false }
    let (old, mustStop) = try write(outliving: isInFile ? .powerLoss : durability) { db in
      for (round, version) in zip(rounds, versions) { try insert(round.record, version, db) }
      let outdated: StatementArguments = [last.job, first.round - 2, min(first.round - 1, last.round - 2)]
      let old = try String.fetchAll(
        try db.cachedStatement(
          sql:
            "SELECT model FROM rounds WHERE job = ? AND round BETWEEN ? AND ? AND model IS NOT NULL AND weights IS NULL"
        ),
        arguments: outdated)
      try db.cachedStatement(
        sql: "UPDATE rounds SET model = NULL, weights = NULL, strategy = NULL WHERE job = ? AND round BETWEEN ? AND ?"
      ).execute(arguments: outdated)
      try db.cachedStatement(sql: "DELETE FROM buffered WHERE job = ?").execute(arguments: [last.job])
      let mustStop = try Bool.fetchOne(
        try db.cachedStatement(sql: "SELECT stopRequested FROM jobs WHERE id = ?"), arguments: [last.job])
      return (old, mustStop ?? false)
    }
    for name in old { models.remove(name) }
    return mustStop
  }

  /// A model as a row has it.
  private struct Version {
    let name: String
    /// `nil` where they are in a file.
    let weights: Data?
    let strategy: Data?
  }

  private func version(of round: CompletedRound) throws(CoordinationError) -> Version {
    let name = ModelFiles.name(of: round.model, job: round.record.job, round: round.record.round)
    if round.model.count * MemoryLayout<Float>.size <= largestRow {
      return Version(name: name, weights: round.model.withUnsafeBytes { Data($0) }, strategy: round.strategy)
    }
    try models.save(round.model, as: name)
    return Version(name: name, weights: nil, strategy: round.strategy)
  }

  /// In the columns of ``RoundRecord``, whose lists are JSON.
  private func insert(_ record: RoundRecord, _ version: Version?, _ db: Database) throws {
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
        version?.name, version?.weights, version?.strategy,
      ])
  }

  /// The last completed round with its model, if there is one.
  package func lastRound(of job: String) throws(CoordinationError) -> (round: Int, model: [Float], strategy: Data?)? {
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
