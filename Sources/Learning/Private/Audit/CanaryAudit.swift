import Arithmetic
import Foundation
import Privacy
import Tensors

/// Trains privately on canaries, guesses from the weights which of them were there, and holds the ε that this proves
/// against the claimed one: a training that leaks more than it says is found out.
///
/// A canary is a row whose one feature no other row has. Its gradient is far above the clipping norm and all in one
/// weight, which is the worst that a row can be; that weight is read off as the canary's score, which is as much as
/// anybody sees who has the model. The largest scores are guessed to be in, the smallest out.
///
/// - Source: M. Nasr et al., *Adversary Instantiation: Lower Bounds for Differentially Private Machine Learning*, S&P 2021;
///   ``CanaryBound`` for the one run.
public struct CanaryAudit: Hashable, Sendable {
  /// Claimed: noise is calibrated to them.
  public var epsilon: Double
  public var delta: Double
  public var canaries: Int
  public var guesses: Int
  public var steps: Int
  public var samplingRate: Double
  /// The clipping norm; not 1, so that noise that forgets it shows.
  public var clip: Double
  /// Of the lower bound.
  public var confidence: Double

  /// - Throws: ``LearningError`` where a number is out of range.
  public init(
    epsilon: Double = 2, delta: Double = 1e-6, canaries: Int = 2000, guesses: Int = 400, steps: Int = 16,
    samplingRate: Double = 0.5, clip: Double = 8, confidence: Double = 0.999
  ) throws(LearningError) {
    func require(_ isSound: Bool, _ name: String, _ reason: String) throws(LearningError) {
      if !isSound { throw .invalidSetting(name, reason: reason) }
    }
    try require(epsilon > 0 && epsilon < 1e3, "epsilon", "must be above 0 and below 1000")
    try require(delta > 0 && delta < 1, "delta", "must be above 0 and below 1")
    try require((10...20_000).contains(canaries), "canaries", "must be from 10 to 20000")
    try require((2...canaries).contains(guesses), "guesses", "must be from 2 to the number of canaries")
    try require((1...10_000).contains(steps), "steps", "must be from 1 to 10000")
    try require(samplingRate > 0 && samplingRate <= 1, "samplingRate", "must be above 0 and at most 1")
    try require(clip >= 1e-3 && clip <= 1e3, "clip", "must be from 0.001 to 1000")
    try require(confidence > 0.5 && confidence < 1, "confidence", "must be above 0.5 and below 1")
    (self.epsilon, self.delta, self.canaries, self.guesses) = (epsilon, delta, canaries, guesses)
    (self.steps, self.samplingRate, self.clip, self.confidence) = (steps, samplingRate, clip, confidence)
  }

  /// What an audit found.
  public struct Report: Hashable, Sendable, Codable {
    /// What the training said it costs.
    public var claimedEpsilon: Double
    public var delta: Double
    /// What it costs at least.
    public var lowerBound: Double
    public var confidence: Double
    public var canaries: Int
    public var guesses: Int
    public var correct: Int
    public var noiseMultiplier: Double
    /// Whether the claim stands.
    public var isConsistent: Bool
  }

  /// - Throws: `AccountingError` where no noise reaches ε.
  public func run() throws -> Report { try run(fault: nil) }

  /// The audit of a build that may be broken.
  ///
  /// - Parameter seen: told of the canaries' scores, and of who was there.
  package func run(
    fault: PrivateTrainer.InsecureFault?, seen: (_ scores: [Float], _ present: Set<Int>) -> Void = { _, _ in }
  ) throws -> Report {
    let present = zip(0..., SecureRandom.words(canaries)).filter { $0.1 & 1 == 1 }.map(\.0)
    guard !present.isEmpty else { return try run(fault: fault, seen: seen) }
    let trainer = try trainer(rows: present.count, fault: fault)
    let rows = rows(of: present)
    let result = try trainer.train(
      features: rows, targets: Tensor(repeating: 1, shape: [present.count, 1]),
      initialWeights: Weights([
        ("dense1.weight", Tensor(repeating: 0, shape: [canaries, 1])),
        ("dense1.bias", Tensor(repeating: 0, shape: [1])),
      ]))
    let claimed = try LossAccountant().epsilon(of: result.event, delta: delta)
    let scores = result.model.weights["dense1.weight"]?.scalars ?? []
    seen(scores, Set(present))
    let correct = score(scores, present: Set(present))
    let bound = CanaryBound(canaries: canaries, guesses: guesses, correct: correct, delta: delta)
      .epsilon(confidence: confidence)
    return Report(
      claimedEpsilon: claimed, delta: delta, lowerBound: bound, confidence: confidence, canaries: canaries,
      guesses: guesses, correct: correct, noiseMultiplier: trainer.privacy.noiseMultiplier,
      isConsistent: bound <= claimed)
  }

  private func trainer(rows: Int, fault: PrivateTrainer.InsecureFault?) throws -> PrivateTrainer {
    let batch = max(1, Int((samplingRate * Double(rows)).rounded()))
    let perEpoch = max(1, (rows + batch / 2) / batch)
    let epochs = max(1, steps / perEpoch)
    let sampler = try PoissonSampler(rows: rows, rate: min(1, Double(batch) / Double(rows)))
    let multiplier = try Calibration(accountant: LossAccountant(), epsilon: epsilon, delta: delta)
      .noiseMultiplier { .repeated(sampler.event(of: .gaussian(noiseMultiplier: $0)), count: epochs * perEpoch) }
    let description = try ModelDescription(layers: [.dense(units: 1), .sigmoid], inputShape: [canaries])
    // So small a rate that no weight moves a prediction, and with it another gradient.
    let base = try Trainer(
      description, loss: .binaryCrossEntropy, optimizer: .sgd(learningRate: 1e-9), epochs: epochs, batch: batch, seed: 0
    )
    return try PrivateTrainer(
      base, privacy: ExamplePrivacy(clipping: .flat(norm: clip), noiseMultiplier: multiplier), fault: fault)
  }

  /// One feature each, of a size that makes every gradient a hundred times too long.
  private func rows(of present: [Int]) -> Tensor<Float> {
    var scalars = [Float](repeating: 0, count: present.count * canaries)
    for (row, canary) in present.enumerated() { scalars[row * canaries + canary] = Float(200 * clip) }
    return Tensor(shape: [present.count, canaries], scalars: scalars)
  }

  /// How many of the guesses are right; equal scores come in the order of the canaries.
  private func score(_ weights: [Float], present: Set<Int>) -> Int {
    let order = weights.indices.sorted { (weights[$0], $0) > (weights[$1], $1) }
    let highest = order.prefix((guesses + 1) / 2).filter { present.contains($0) }.count
    let lowest = order.suffix(guesses / 2).filter { !present.contains($0) }.count
    return highest + lowest
  }
}
