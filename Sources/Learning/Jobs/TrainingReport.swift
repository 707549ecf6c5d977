import Foundation
import Graphs
public import Privacy

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
  /// Of an encrypted training: message latencies one after the other.
  public var rounds: Int?
  /// Of an encrypted training: payload of all parties and owners.
  public var bytesSent: Int?
  /// Of an encrypted training with a dealer: what it dealt to the last party, apart from the payload.
  public var dealtBytes: Int?
  /// Of an encrypted training with a dealer: what dealing took, much of it while the parties trained.
  public var offlineSeconds: Double?
  /// What the plan said before the run.
  public var planned: Planned?
  /// Who found the figures on the test rows, where rows are secret.
  public var judgedBy: String?
  /// Each owner's training rows, where there are several.
  public var ownerRows: [Int]?
  /// What was opened, and to whom.
  public var opened: [String]?
  /// Of a federated training.
  public var federation: FederationPart?
  /// Of a private training. There ``loss`` is empty, since it would tell of rows what nothing hides.
  public var privacy: PrivacyPart?
  public var versions: [String: String]

  /// What a private training cost.
  public struct PrivacyPart: Hashable, Sendable, Codable {
    public var epsilon: Double
    public var delta: Double
    public var unit: Learning.PrivacyPart.Unit
    public var neighbours: Neighbours
    public var accountant: AccountantKind
    public var noiseMultiplier: Double
    public var steps: Int
    /// The probability of each row to be in a step's sample.
    public var samplingRate: Double
    /// The clipping norm after each epoch.
    public var clips: [Double]
    /// After each epoch.
    public var epsilons: [Double]
    /// On the test rows, after each epoch in the clear; of classes only.
    public var accuracies: [Double]?
    /// Of DP-FTRL: over how many steps noise is taken back.
    public var band: Int?
    /// What holds against whom, where that differs; of a federated training.
    public var observers: [Observer]?

    /// ε against one kind of observer.
    public struct Observer: Hashable, Sendable, Codable {
      public var who: String
      /// None where nothing is claimed.
      public var epsilon: Double?
      /// Why it is this ε.
      public var because: String
    }
  }

  public struct FederationPart: Hashable, Sendable, Codable {
    public var workers: [String]
    public var aggregation: Aggregation
    public var strategy: String
    /// On all workers' held-out rows, after each round.
    public var accuracies: [Double]
    /// What each role learns.
    public var learns: [String: String]

    public init(
      workers: [String], aggregation: Aggregation, strategy: String, accuracies: [Double], learns: [String: String]
    ) {
      self.workers = workers
      self.aggregation = aggregation
      self.strategy = strategy
      self.accuracies = accuracies
      self.learns = learns
    }
  }

  public struct Planned: Hashable, Sendable, Codable {
    public var rounds: Int
    public var bytesSent: Int
    public var dealtBytes: Int?

    public init(rounds: Int, bytesSent: Int, dealtBytes: Int? = nil) {
      self.rounds = rounds
      self.bytesSent = bytesSent
      self.dealtBytes = dealtBytes
    }
  }

  public struct DataPart: Hashable, Sendable, Codable {
    public var source: String
    public var rows: Int
    public var train: Int
    public var test: Int
    /// Columns that are no features, as the job declares neither a range nor categories of them.
    public var leftOut: [String]?
  }
}

extension TrainingReport {
  /// Of a run that took so long, before anything is judged.
  ///
  /// - Parameter source: where the rows come from; as the job says it where it is `nil`.
  package init(
    of job: Job, source: String? = nil, train: Int, test: Int, losses: [Double], seconds: Double,
    versions: [String: String]
  ) {
    self.init(
      mode: job.mode, seed: job.training.seed,
      data: DataPart(source: source ?? job.data.source.text, rows: train + test, train: train, test: test),
      loss: losses,
      seconds: seconds, secondsPerEpoch: seconds / Double(max(job.training.epochs, 1)),
      versions: versions.merging(["openblas": PlainEngine.libraryVersion]) { given, _ in given })
  }

  /// Writes `report.json` and `curves.svg` to a folder, which is made if it is not there.
  public func write(to folder: String) throws(LearningError) {
    let directory = URL(fileURLWithPath: folder, isDirectory: true)
    do {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try encoder.encode(self).write(to: directory.appendingPathComponent("report.json"), options: .atomic)
      let chart =
        if let privacy, !privacy.epsilons.isEmpty {
          LossChart(title: "Private training", label: "ε spent, at δ = \(privacy.delta)", values: privacy.epsilons)
        } else {
          LossChart(title: "Training", label: "loss", values: loss)
        }
      try Data(chart.svg.utf8).write(to: directory.appendingPathComponent("curves.svg"), options: .atomic)
    } catch {
      throw .unwritable(path: folder, reason: "check that the folder is there and may be written to")
    }
  }
}
