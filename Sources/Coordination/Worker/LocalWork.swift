import Datasets
import Federation
import Learning
import Tensors

/// A worker's prepared rows with what trains and judges on them.
struct LocalWork {
  let layout: WeightLayout
  let rule: LocalRule
  let weighting: Weighting
  private let prepared: PreparedJob
  private let trainer: LocalTrainer
  private let evaluator: Evaluator
  private let predictor: Predictor
  private let worker: String

  init(
    _ job: Job, _ federated: Job.FederatedPart, _ table: WorkerTable, _ preprocessing: Preprocessing?, worker: String
  ) throws {
    prepared = try PreparedJob(job, try Self.data(table, preprocessing))
    layout = WeightLayout(prepared.description)
    rule = LocalRule(federated.strategy)
    weighting = federated.strategy.weighting
    trainer = try LocalTrainer(
      prepared.description, LocalSettings(job.training, federated), rule: rule, features: prepared.features,
      targets: prepared.targets)
    evaluator = try Evaluator(prepared)
    predictor = Predictor(prepared.description)
    self.worker = worker
  }

  private static func data(_ table: WorkerTable, _ preprocessing: Preprocessing?) throws -> PreparedDataset {
    switch (table, preprocessing) {
    case (.tensors(let train, let test), nil): return PreparedDataset(train: train, test: test, preprocessing: nil)
    case (.table(_, let train, let test), let preprocessing?):
      return PreparedDataset(
        train: try preprocessing.dataset(of: train, name: train.name, source: train.name),
        test: try preprocessing.dataset(of: test, name: test.name, source: test.name), preprocessing: preprocessing)
    case (.tensors, _?), (.table, nil):
      throw CoordinationError.protocolBreach("preprocessing that does not go with this worker's rows")
    }
  }

  func train(_ model: [Float], round: Int, serverControl: [Float], ownControl: [Float]) throws -> Update {
    try trainer.train(
      LocalTask(worker: worker, round: round, weights: model, serverControl: serverControl, ownControl: ownControl))
  }

  /// The update of a worker that is hidden by noise: none where training diverges, which depends on the rows and must not be
  /// told to whoever chose the weights.
  func trainHidden(_ model: [Float], round: Int) throws -> Update {
    do {
      return try train(model, round: round, serverControl: [], ownControl: [])
    } catch FederationError.diverged {
      return Update(vector: [Float](repeating: 0, count: layout.count), exampleCount: 1)
    }
  }

  /// Sums over the held-out rows, as ``Judgement`` adds them.
  func judge(_ model: [Float]) throws -> [Double] { try evaluator.sums(layout.weights(model), by: predictor) }
}
