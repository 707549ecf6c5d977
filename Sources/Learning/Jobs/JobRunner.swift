public import Datasets
public import Graphs
public import Privacy
import Tensors

/// Carries out a job in the clear: loads, prepares on the training rows alone, trains, judges on the test rows.
public struct JobRunner: Sendable {
  public let job: Job
  /// The process's environment: where the folder of data is looked for if the job does not say.
  public let environment: [String: String]
  /// Versions for the report, beside those of the numeric libraries.
  public let versions: [String: String]

  public init(_ job: Job, environment: [String: String], versions: [String: String]) {
    self.job = job
    self.environment = environment
    self.versions = versions
  }

  /// What a run gives.
  public struct Result: Sendable {
    public let model: Model
    /// `nil` where the features are the raw numbers, as with images.
    public let preprocessing: Preprocessing?
    public let report: TrainingReport
    /// What new examples are expected in: the range of the training rows, widened. As public as the model.
    public let inputRange: InputRange?

    public init(model: Model, preprocessing: Preprocessing?, report: TrainingReport, inputRange: InputRange? = nil) {
      self.model = model
      self.preprocessing = preprocessing
      self.report = report
      self.inputRange = inputRange
    }
  }

  /// - Throws: ``LearningError``, `DatasetError` from the data, and `AccountingError` for privacy that cannot be bounded.
  ///
  /// - Parameters:
  ///   - progress: called after every epoch of a training that is not private.
  ///   - reserve: called with what a private training will release, before any noise is drawn.
  ///   - spent: called after every epoch of one that is; its loss is not told.
  public func run(
    progress: (Trainer.Progress) throws -> Void = { _ in }, spent: (PrivacySpent) throws -> Void = { _ in },
    reserve: (PrivacyEvent) throws -> Void = { _ in }
  ) throws -> Result {
    let prepared = try PreparedJob(job, environment: environment)
    let training = job.training
    let trainer = try Trainer(
      prepared.description, loss: training.loss, optimizer: training.optimizer, schedule: training.schedule,
      epochs: training.epochs, batch: training.batch, seed: training.seed)
    let first = try prepared.firstWeights()
    let clock = ContinuousClock()
    let start = clock.now
    if let privacy = job.privacy, privacy.unit == .example {
      let run = try PrivateRun(trainer, privacy, rows: prepared.features.shape[0])
      try reserve(run.event)
      return try runPrivately(prepared, run, from: first, spent)
    }
    let result = try trainer.train(
      features: prepared.features, targets: prepared.targets, initialWeights: first, progress: progress)
    var report = prepared.report(
      losses: result.losses, seconds: (clock.now - start) / .seconds(1), versions: versions)
    report.privacy = prepared.localSpending
    try prepared.judge(result.model, into: &report)
    return Result(
      model: result.model, preprocessing: prepared.data.preprocessing, report: report,
      inputRange: try? InputRange.covering(prepared.data.train.features))
  }

  /// The range of the rows is no part of the result, since nothing hides it.
  private func runPrivately(
    _ prepared: PreparedJob, _ run: PrivateRun, from first: Weights, _ spent: (PrivacySpent) throws -> Void
  ) throws -> Result {
    let clock = ContinuousClock()
    let start = clock.now
    let (model, spending) = try run.train(
      features: prepared.features, targets: prepared.targets, from: first, accuracy: { try prepared.accuracy(of: $0) },
      progress: spent)
    var report = prepared.report(losses: [], seconds: (clock.now - start) / .seconds(1), versions: versions)
    report.privacy = spending
    try prepared.judge(model, into: &report)
    return Result(model: model, preprocessing: prepared.data.preprocessing, report: report)
  }
}
