import Coordination
import Federation
import Learning
import Tensors

/// What a coordinator knows of a worker's one step: how its update is made of a gradient.
struct LocalStep {
  private let rate: Double
  private let decay: Double
  private let batch: Int

  /// - Throws: ``CoordinationError/setting(_:reason:)`` where an update is no multiple of one gradient.
  init(_ job: Job) throws {
    func refuse(_ setting: String, _ reason: String) -> CoordinationError {
      .setting(setting, reason: reason + "; use --method analytic for what this attack does not cover")
    }
    let training = job.training
    guard case .sgd(let rate, _, let decay) = training.optimizer else {
      throw refuse("training.optimizer", "must be sgd: of other steps the gradient cannot be told")
    }
    guard training.schedule == .constant else {
      throw refuse("training.schedule", "must be constant: the step's rate must be known")
    }
    guard let federated = job.federated, federated.localEpochs == 1 else {
      throw refuse("federated.localEpochs", "must be 1: an update of several steps is not one gradient")
    }
    switch federated.strategy {
    case .scaffold, .normBound:
      throw refuse("federated.strategy", "must leave updates as they are, neither corrected nor shortened")
    case .fedAvg, .fedProx, .fedAdam, .fedYogi, .fedAdagrad, .trimmedMean, .median, .krum, .multiKrum: break
    }
    (self.rate, self.decay, batch) = (rate, decay, training.batch)
  }

  /// - Throws: ``CoordinationError/setting(_:reason:)`` where so many rows are more than a step takes.
  func check(rows: Int, of worker: String) throws {
    guard rows <= batch else {
      throw CoordinationError.setting(
        "training.batch",
        reason: "must hold all \(rows) rows of \(worker): this attack is on one step; use --method analytic for more")
    }
  }

  /// The gradient behind an update of a model.
  func gradient(_ change: [Double], _ weights: [Float], _ layout: WeightLayout) throws -> Weights {
    let flat = zip(change, weights).map { Float(-$0 / rate - decay * Double($1)) }
    return try layout.weights(flat)
  }
}
