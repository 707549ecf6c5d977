import Graphs
import Privacy
import Tensors

/// A job's private training: its noise, chosen before anything is trained, and what it costs.
struct PrivateRun {
  private let way: Way
  private let part: PrivacyPart
  private let rows: Int

  private enum Way {
    case gradients(PrivateTrainer)
    case statistics(NoisedLeastSquares, ModelDescription)
  }

  /// - Throws: `AccountingError` where ε cannot be bounded or reached, and ``LearningError``.
  init(_ base: Trainer, _ part: PrivacyPart, rows: Int) throws {
    (self.part, self.rows) = (part, rows)
    switch part.method {
    case .gradients:
      let (sampler, steps) = try Self.plan(base, rows: rows)
      let multiplier = try part.multiplier {
        .repeated(sampler.event(of: .gaussian(noiseMultiplier: $0)), count: steps)
      }
      way = .gradients(try Self.trainer(base, part, multiplier, .sampled))
    case .ftrl:
      let multiplier = try part.multiplier { .gaussian(noiseMultiplier: $0) }
      way = .gradients(try Self.trainer(base, part, multiplier, .ordered(band: part.band)))
    case .statistics:
      guard base.description.layers == [.dense(units: 1)], base.loss == .meanSquaredError,
        case .flat(let clip) = part.clipping
      else {
        throw LearningError.invalidSetting(
          "privacy.method",
          reason: "statistics is for layers [{dense: 1}], loss meanSquaredError and one clip; write them")
      }
      let multiplier = try part.multiplier { .gaussian(noiseMultiplier: $0) }
      way = .statistics(try NoisedLeastSquares(clip: clip, noiseMultiplier: multiplier), base.description)
    }
  }

  private static func trainer(
    _ base: Trainer, _ part: PrivacyPart, _ multiplier: Double, _ selection: ExamplePrivacy.Selection
  ) throws(LearningError) -> PrivateTrainer {
    try PrivateTrainer(
      base,
      privacy: ExamplePrivacy(
        clipping: part.clipping, noiseMultiplier: multiplier, physicalBatch: part.physicalBatch,
        sampler: part.sampler, selection: selection, average: part.average))
  }

  private static func plan(_ base: Trainer, rows: Int) throws(LearningError) -> (PoissonSampler, steps: Int) {
    let any = try PrivateTrainer(base, privacy: ExamplePrivacy(clipping: .flat(norm: 1), noiseMultiplier: 1))
    return (try any.sampler(rows: rows), base.epochs * any.stepsPerEpoch(rows: rows))
  }

  /// What the whole training releases.
  var event: PrivacyEvent {
    get throws(LearningError) {
      switch way {
      case .gradients(let trainer): try trainer.event(rows: rows, epochs: trainer.trainer.epochs)
      case .statistics(let method, _): method.event
      }
    }
  }

  /// - Parameters:
  ///   - first: where gradients start, which must not depend on the rows.
  ///   - accuracy: of a model, where there is one.
  ///   - progress: called after every epoch.
  func train(
    features: Tensor<Float>, targets: Tensor<Float>, from first: Weights, accuracy: (Model) throws -> Double?,
    progress: (PrivacySpent) throws -> Void
  ) throws -> (model: Model, report: TrainingReport.PrivacyPart) {
    var report = TrainingReport.PrivacyPart(part)
    func spend(_ event: PrivacyEvent, epoch: Int, epochs: Int) throws {
      report.epsilon = try part.epsilon(of: event)
      report.epsilons.append(report.epsilon)
      try progress(PrivacySpent(epoch: epoch, epochs: epochs, epsilon: report.epsilon, delta: part.delta))
    }
    switch way {
    case .gradients(let trainer):
      let result = try trainer.train(features: features, targets: targets, initialWeights: first) { done in
        let model = try Model(description: trainer.trainer.description, weights: done.weights)
        if let accuracy = try accuracy(model) { report.accuracies = (report.accuracies ?? []) + [accuracy] }
        try spend(done.event, epoch: done.epoch, epochs: done.epochs)
      }
      report.noiseMultiplier = trainer.privacy.noiseMultiplier
      report.steps = trainer.trainer.epochs * trainer.stepsPerEpoch(rows: rows)
      report.samplingRate = part.method == .ftrl ? 1 : try trainer.sampler(rows: rows).rate
      report.band = try trainer.root(rows: rows)?.band
      report.clips = result.clips
      return (result.model, report)
    case .statistics(let method, let description):
      let (weights, bias) = try method.fit(features: features, targets: targets)
      try spend(method.event, epoch: 1, epochs: 1)
      report.noiseMultiplier = method.noiseMultiplier
      report.clips = [method.clip]
      let named = Weights([
        ("dense1.weight", Tensor(shape: [weights.count, 1], scalars: weights)),
        ("dense1.bias", Tensor(shape: [1], scalars: [bias])),
      ])
      return (try Model(description: description, weights: named), report)
    }
  }
}

extension PrivacyPart {
  /// The noise of a training that releases `event`, refused before anything is trained if its ε has no bound.
  func multiplier(_ event: (Double) -> PrivacyEvent) throws(AccountingError) -> Double {
    switch noise {
    case .multiplier(let multiplier):
      _ = try epsilon(of: event(multiplier))
      return multiplier
    case .targetEpsilon(let epsilon):
      return try Calibration(accountant: judge, epsilon: epsilon, delta: delta).noiseMultiplier(event)
    }
  }

  func epsilon(of event: PrivacyEvent) throws(AccountingError) -> Double { try judge.epsilon(of: event, delta: delta) }

  /// Rows that their owners noise are protected whatever else they might have been. Where rows are taken in order, one that
  /// is missing would move all others, so its place stays and its gradients are zero; so do its products where the number of
  /// rows is used as it is.
  var neighbours: Neighbours {
    switch (unit, method) {
    case (.local, _): .replaceOne
    case (.example, .ftrl), (.example, .statistics): .zeroOutOne
    case (.example, .gradients), (.client, _): .addOrRemoveOne
    }
  }

  private var judge: any PrivacyAccountant { accountant.accountant(neighbours: neighbours) }
}

extension TrainingReport.PrivacyPart {
  /// Of a training that has spent nothing yet.
  init(_ part: PrivacyPart) {
    self.init(
      epsilon: 0, delta: part.delta, unit: part.unit, neighbours: part.neighbours, accountant: part.accountant,
      noiseMultiplier: 0, steps: 1, samplingRate: 1, clips: [], epsilons: [])
  }
}

/// What a private training has cost after an epoch.
public struct PrivacySpent: Hashable, Sendable {
  /// From 1.
  public let epoch: Int
  public let epochs: Int
  public let epsilon: Double
  public let delta: Double
}
