/// What a run of a job found: `report.json`.
public struct TrainingReport: Hashable, Sendable, Codable {
  public var mode: Job.Mode
  public var seed: UInt64
  public var data: DataPart
  /// The share of test rows that are right; of classes only.
  public var accuracy: Double?
  /// On the test rows, in the square of the target's unit; of numbers only.
  public var meanSquaredError: Double?
  /// The share of the test targets' variance that is explained; of numbers only.
  public var rSquared: Double?
  /// The area under the receiver operating characteristic on the test rows; of two classes only.
  public var auc: Double?
  /// The mean training loss of each epoch.
  public var loss: [Double]
  /// Of the training alone.
  public var seconds: Double
  public var secondsPerEpoch: Double
  public var versions: [String: String]

  public struct DataPart: Hashable, Sendable, Codable {
    public var source: String
    public var rows: Int
    public var train: Int
    public var test: Int
  }
}
