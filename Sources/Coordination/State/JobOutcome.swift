public import Datasets
public import Learning

/// How a job ended.
public struct JobOutcome: Codable, Hashable, Sendable {
  public var job: String
  /// How rows become features; none where the features are the raw numbers.
  public var preprocessing: Preprocessing?
  /// Training rows of all workers together; 0 where nobody counted them.
  public var rows: Int
  /// Their held-out rows together.
  public var testRows: Int
  /// The shape of one example as the model takes it.
  public var example: [Int]
  /// Of the last model, over all workers' held-out rows.
  public var metrics: RoundMetrics
  public var workers: [String]
  /// Payload in both directions.
  public var bytesSent: Int
  /// From when its workers were there.
  public var seconds: Double
  /// What was spent, where each worker is hidden.
  public var privacy: TrainingReport.PrivacyPart?
}
