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

extension RoundRecord: FetchableRecord, PersistableRecord {
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
  func commit(_ record: RoundRecord, model: [Float], strategy: Data?) throws(CoordinationError) {
    let name = ModelFiles.name(of: model, job: record.job, round: record.round)
    var weights: Data?
    if model.count * MemoryLayout<Float>.size <= largestRow {
      weights = model.withUnsafeBytes { Data($0) }
    } else {
      try models.save(model, as: name)
    }
    let old = try write { db -> [String] in
      try record.insert(db)
      try db.execute(
        sql: "UPDATE rounds SET model = ?, weights = ?, strategy = ? WHERE job = ? AND round = ?",
        arguments: [name, weights, strategy, record.job, record.round])
      let old = try String.fetchAll(
        db, sql: "SELECT model FROM rounds WHERE job = ? AND round < ? AND model IS NOT NULL",
        arguments: [record.job, record.round - 1])
      try db.execute(
        sql: """
          UPDATE rounds SET model = NULL, weights = NULL, strategy = NULL
          WHERE job = ? AND round < ? AND model IS NOT NULL
          """, arguments: [record.job, record.round - 1])
      try db.execute(sql: "DELETE FROM buffered WHERE job = ?", arguments: [record.job])
      return old
    }
    for name in old { models.remove(name) }
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
