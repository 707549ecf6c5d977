import Arithmetic
public import Tensors

/// Trains a model in the clear. The same seed gives the same weights, bit for bit, on the same machine.
public struct Trainer: Sendable {
  public let description: ModelDescription
  public let loss: Loss
  public let optimizer: Optimizer
  public let schedule: Schedule
  public let epochs: Int
  /// Examples a step; a last smaller batch is trained on too.
  public let batch: Int
  public let seed: UInt64

  /// - Throws: ``LearningError`` where settings are out of range or the loss does not fit the model.
  public init(
    _ description: ModelDescription, loss: Loss, optimizer: Optimizer, schedule: Schedule = .constant, epochs: Int,
    batch: Int, seed: UInt64
  ) throws(LearningError) {
    guard epochs >= 1 else { throw .invalidSetting("epochs", reason: "must be at least 1") }
    guard batch >= 1 else { throw .invalidSetting("batch", reason: "must be at least 1") }
    try optimizer.validate()
    try schedule.validate()
    try loss.validate(description)
    self.description = description
    self.loss = loss
    self.optimizer = optimizer
    self.schedule = schedule
    self.epochs = epochs
    self.batch = batch
    self.seed = seed
  }

  /// What training gives.
  public struct Result: Sendable {
    public let model: Model
    /// The mean loss of each epoch, over its examples as they were met.
    public let losses: [Double]
  }

  /// The end of an epoch.
  public struct Progress: Hashable, Sendable {
    /// From 1.
    public let epoch: Int
    public let epochs: Int
    public let loss: Double
  }

  /// Trains on features `[rows] + inputShape` and targets `[rows] + outputShape` (one-hot rows for classes).
  ///
  /// - Parameters:
  ///   - initialWeights: where to start; drawn from the seed if there are none.
  ///   - progress: called after every epoch; what it throws ends the training.
  /// - Throws: ``LearningError`` where shapes do not fit or the loss leaves the range of numbers.
  public func train(
    features: Tensor<Float>, targets: Tensor<Float>, initialWeights: Weights? = nil,
    progress: (Progress) throws -> Void = { _ in }
  ) throws -> Result {
    let start = initialWeights ?? description.initialWeights(seed: SeedTree(seed: seed).child("weights"))
    let loop = try loop(features: features, targets: targets, weights: start)
    try loop.prepare(rows: features.shape[0])
    var losses: [Double] = []
    for epoch in 1...epochs {
      let mean = loop.runEpoch(order: shuffle(epoch, rows: features.shape[0])) { share in
        schedule.factor(progress: (Double(epoch - 1) + share) / Double(epochs), epoch: epoch)
      }
      guard mean.isFinite else { throw LearningError.diverged(epoch: epoch) }
      losses.append(mean)
      try progress(Progress(epoch: epoch, epochs: epochs, loss: mean))
    }
    return Result(model: try Model(description: description, weights: loop.weights()), losses: losses)
  }

  /// The memory and programs of a training on these rows, for others to drive.
  package func loop(
    features: Tensor<Float>, targets: Tensor<Float>, weights: Weights
  ) throws(LearningError) -> TrainingLoop {
    try check(features: features, targets: targets)
    return try TrainingLoop(
      self, features: features, targets: targets, weights: weights, seed: SeedTree(seed: seed))
  }

  /// The order in which an epoch, from 1, meets the rows.
  public func shuffle(_ epoch: Int, rows: Int) -> [Int] {
    var random = SeedTree(seed: seed).child("shuffle").child(epoch).generator()
    return random.shuffled(rows)
  }

  /// - Throws: where they are not rows of the model's, at least one, and as many of both.
  func check(features: Tensor<Float>, targets: Tensor<Float>) throws(LearningError) {
    try check(features, description.inputShape, "features")
    try check(targets, description.outputShape, "targets")
    guard features.shape[0] == targets.shape[0], features.shape[0] > 0 else {
      throw .wrongShape(
        "targets", expected: "[\(max(features.shape[0], 1))] + \(description.outputShape)", given: targets.shape)
    }
  }

  private func check(_ tensor: Tensor<Float>, _ example: Shape, _ what: String) throws(LearningError) {
    guard tensor.shape.rank >= 1, Array(tensor.shape.extents.dropFirst()) == example.extents else {
      throw .wrongShape(what, expected: "[rows] + \(example)", given: tensor.shape)
    }
  }
}
