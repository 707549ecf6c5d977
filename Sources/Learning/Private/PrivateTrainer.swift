import Arithmetic
public import Privacy
public import Tensors

/// Trains a model in the clear by steps that are differentially private in each example (``ExamplePrivacy``).
///
/// Everything that leaves is noised: the weights after each step, and with adaptive clipping the norm. The training loss is
/// not told. Samples, noise and so the weights differ from run to run: their coins are the operating system's.
public struct PrivateTrainer: Sendable {
  /// Of its numbers, `batch` is the expected size of a sample, by which every step's sum is divided.
  public let trainer: Trainer
  public let privacy: ExamplePrivacy
  let fault: InsecureFault?

  /// - Throws: ``LearningError`` where a setting is out of range, or a layer's statistics mix examples.
  public init(_ trainer: Trainer, privacy: ExamplePrivacy) throws(LearningError) {
    try self.init(trainer, privacy: privacy, fault: nil)
  }

  /// A trainer with a fault, which an audit must find.
  package init(_ trainer: Trainer, privacy: ExamplePrivacy, fault: InsecureFault?) throws(LearningError) {
    try privacy.validate()
    _ = try privacy.sumMultiplier(batch: trainer.batch)
    try ClippedGraph.refuseBatchStatistics(trainer.description)
    (self.trainer, self.privacy, self.fault) = (trainer, privacy, fault)
  }

  /// Builds that are broken on purpose.
  package enum InsecureFault: Hashable, Sendable, CaseIterable {
    case noNoise
    /// Noise as for a clipping norm of 1.
    case noiseWithoutClip
    /// The mean of a batch is clipped, and not each example.
    case clipOfTheBatch
  }

  /// What training gives.
  public struct Result: Sendable {
    public let model: Model
    /// What was released.
    public let event: PrivacyEvent
    /// The clipping norm after each epoch.
    public let clips: [Double]
  }

  /// The end of an epoch, for as long as it is told of.
  public struct Progress {
    /// From 1.
    public let epoch: Int
    public let epochs: Int
    /// What was released so far.
    public let event: PrivacyEvent
    fileprivate let loop: PrivateLoop

    /// A copy of what they are now, noised as everything that leaves.
    public var weights: Weights { loop.weights() }
  }

  /// How samples of so many rows are drawn, where they are.
  public func sampler(rows: Int) throws(LearningError) -> PoissonSampler {
    try PoissonSampler(rows: rows, rate: min(1, Double(trainer.batch) / Double(max(rows, 1))))
  }

  /// Steps of which an epoch consists: as many as meet each of the rows once, on average where rows are sampled.
  public func stepsPerEpoch(rows: Int) -> Int {
    switch privacy.selection {
    case .sampled: max(1, (rows + trainer.batch / 2) / trainer.batch)
    case .ordered: FixedOrder.stepsPerEpoch(rows: rows, batch: trainer.batch)
    }
  }

  /// What so many epochs on so many rows release, of a training that was planned for all of its epochs.
  public func event(rows: Int, epochs: Int) throws(LearningError) -> PrivacyEvent {
    switch privacy.selection {
    case .sampled:
      .repeated(try sampler(rows: rows).event(of: privacy.mechanism), count: epochs * stepsPerEpoch(rows: rows))
    case .ordered:
      // The noise is for the sensitivity of all epochs, whose square grows with each of them.
      .gaussian(noiseMultiplier: privacy.noiseMultiplier * (Double(trainer.epochs) / Double(epochs)).squareRoot())
    }
  }

  /// The most bytes that the steps of a band may take.
  private static let bandBytes = 1 << 30

  /// How the steps' noise hangs together, where rows are taken in order.
  package func root(rows: Int) throws(LearningError) -> BandedRoot? {
    guard case .ordered(let wanted) = privacy.selection else { return nil }
    let separation = stepsPerEpoch(rows: rows)
    if let wanted {
      guard wanted <= separation else {
        throw .invalidSetting("privacy.band", reason: "must be at most \(separation), the steps of an epoch")
      }
      return BandedRoot(band: wanted)
    }
    let weights = trainer.description.weightSpecs.reduce(0) { $0 + $1.shape.count }
    return .best(
      steps: separation * trainer.epochs, separation: separation,
      largest: Self.bandBytes / max(1, 2 * weights * MemoryLayout<Float>.size))
  }

  /// Trains on features `[rows] + inputShape` and targets `[rows] + outputShape`, as ``Trainer/train(features:targets:initialWeights:progress:)``.
  ///
  /// - Parameter initialWeights: where to start, which must not depend on the rows; drawn from the seed if there are none.
  /// - Throws: ``LearningError`` where shapes do not fit or a weight leaves the range of numbers.
  public func train(
    features: Tensor<Float>, targets: Tensor<Float>, initialWeights: Weights? = nil,
    progress: (Progress) throws -> Void = { _ in }
  ) throws -> Result {
    try trainer.check(features: features, targets: targets)
    let rows = features.shape[0]
    let start =
      initialWeights ?? trainer.description.initialWeights(seed: SeedTree(seed: trainer.seed).child("weights"))
    let loop = try PrivateLoop(self, features: features, targets: targets, weights: start)
    let steps = stepsPerEpoch(rows: rows)
    var clips: [Double] = []
    for epoch in 1...trainer.epochs {
      for step in 0..<steps {
        let share = (Double(epoch - 1) + Double(step) / Double(steps)) / Double(trainer.epochs)
        try loop.step(factor: trainer.schedule.factor(progress: share, epoch: epoch))
      }
      guard loop.isFinite else { throw LearningError.diverged(epoch: epoch) }
      clips.append(loop.clip)
      try progress(
        Progress(epoch: epoch, epochs: trainer.epochs, event: try event(rows: rows, epochs: epoch), loop: loop))
    }
    return Result(
      model: try Model(description: trainer.description, weights: loop.weights()),
      event: try event(rows: rows, epochs: trainer.epochs), clips: clips)
  }
}
