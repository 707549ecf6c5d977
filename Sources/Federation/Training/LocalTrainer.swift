import Arithmetic
import CKernels
public import Learning
public import Tensors

/// A worker's training: takes global weights, goes over its rows some times, gives what changed.
///
/// Memory and programs stay from round to round. Order of rows and dropout follow from the seed, the worker's name, the
/// round and the epoch, so that a round done twice gives the same bits. It belongs to one thread at a time.
public final class LocalTrainer {
  public let layout: WeightLayout
  public let settings: LocalSettings
  public let rule: LocalRule
  private let trainer: Trainer
  private let rowCount: Int
  private let loop: TrainingLoop
  private var correction: [Float] = []

  /// - Parameters:
  ///   - features: `[rows] + inputShape`
  ///   - targets: `[rows] + outputShape`
  public init(
    _ description: ModelDescription, _ settings: LocalSettings, rule: LocalRule, features: Tensor<Float>,
    targets: Tensor<Float>
  ) throws {
    if rule.usesControl {
      guard case .sgd(_, momentum: 0, _) = settings.optimizer else {
        throw FederationError.invalidSetting(
          "training.optimizer", reason: "must be sgd without momentum with the strategy scaffold")
      }
    }
    layout = WeightLayout(description)
    self.settings = settings
    self.rule = rule
    rowCount = features.shape.rank > 0 ? features.shape[0] : 0
    trainer = try Trainer(
      description, loss: settings.loss, optimizer: settings.optimizer, schedule: settings.schedule,
      epochs: settings.epochs, batch: settings.batch, seed: settings.seed)
    let start = description.initialWeights(seed: SeedTree(seed: settings.seed))
    loop = try trainer.loop(features: features, targets: targets, weights: start)
  }

  /// Trains for one round.
  ///
  /// - Throws: ``FederationError`` where weights do not fit or training diverges.
  public func train(_ task: LocalTask) throws -> Update {
    try layout.check(task.weights, "the round's model")
    let rows = task.rows ?? Array(0..<rowCount)
    guard !rows.isEmpty, rows.allSatisfy({ $0 >= 0 && $0 < rowCount }) else {
      throw FederationError.invalidSetting("a worker's rows", reason: "must be at least one of its table's")
    }
    try prepareCorrection(task)
    try loop.prepare(rows: rows.count)
    let seeds = SeedTree(seed: settings.seed).child("federated").child(task.worker).child(task.round)
    task.weights.withUnsafeBufferPointer { weights in
      if let base = weights.baseAddress { loop.load(base, dropout: seeds.child("dropout").generator()) }
    }
    var (lossSum, rateSum) = (0.0, 0.0)
    for epoch in 1...settings.epochs {
      var random = seeds.child("shuffle").child(epoch).generator()
      let order = random.shuffled(rows.count).map { rows[$0] }
      let mean = runEpoch(order, round: task.round, epoch: epoch, start: task.weights, rateSum: &rateSum)
      guard mean.isFinite else { throw FederationError.diverged(round: task.round, epoch: epoch) }
      lossSum += mean
    }
    return try update(task, examples: rows.count, loss: lossSum / Double(settings.epochs), rateSum: rateSum)
  }

  private func runEpoch(_ order: [Int], round: Int, epoch: Int, start: [Float], rateSum: inout Double) -> Double {
    let (proximal, count) = (Float(rule.proximal), layout.trainedCount)
    let hasCorrection = proximal != 0 || rule.usesControl
    let done = (round - 1) * settings.epochs + epoch - 1
    let total = Double(max(settings.rounds * settings.epochs, 1))
    var rates = 0.0
    let mean = loop.runEpoch(
      order: order,
      correct: hasCorrection
        ? { [correction] weights, gradients in
          if proximal != 0 {
            ck_f32_axpy(count, proximal, weights, gradients)
            ck_f32_axpy(count, -proximal, start, gradients)
          }
          if !correction.isEmpty { ck_f32_axpy(count, 1, correction, gradients) }
        } : nil
    ) { share in
      let factor = settings.schedule.factor(progress: min((Double(done) + share) / total, 1), epoch: done + 1)
      rates += settings.optimizer.rate * factor
      return factor
    }
    rateSum += rates
    return mean
  }

  /// What is added to every gradient: the server's control variate minus the worker's.
  private func prepareCorrection(_ task: LocalTask) throws(FederationError) {
    guard rule.usesControl else { return }
    for control in [task.serverControl, task.ownControl] {
      guard control.count == layout.trainedCount else {
        throw .wrongLength("a control variate", expected: layout.trainedCount, given: control.count)
      }
    }
    correction = task.serverControl
    correction.add(task.ownControl, times: -1)
  }

  private func update(
    _ task: LocalTask, examples: Int, loss: Double, rateSum: Double
  ) throws(FederationError) -> Update {
    var vector: [Float] = []
    loop.read { trained, statistics in
      vector.reserveCapacity(layout.count)
      vector.append(contentsOf: trained)
      vector.append(contentsOf: statistics)
    }
    vector.add(task.weights, times: -1)
    guard vector.isFinite else { throw .diverged(round: task.round, epoch: settings.epochs) }
    var update = Update(vector: vector, exampleCount: examples, loss: loss)
    if rule.usesControl {
      // Option II: cₖ ← cₖ − c + (w₀ − w) / Σ rates, of which only the change is sent.
      update.extras = Array(vector[..<layout.trainedCount])
      update.extras.scale(by: Float(-1 / rateSum))
      update.extras.add(task.serverControl, times: -1)
    }
    if let limit = rule.normLimit { update = update.clipped(to: limit) }
    return update
  }
}

extension Optimizer {
  fileprivate var rate: Double {
    switch self {
    case .sgd(let learningRate, _, _), .adam(let learningRate, _, _): learningRate
    }
  }
}
