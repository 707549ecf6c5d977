import Arithmetic
import CKernels
import Foundation
import Tensors

/// The memory and the programs of one private training. It belongs to one thread at a time.
final class PrivateLoop {
  private let trainer: PrivateTrainer
  private let way: Way
  private let features: Tensor<Float>
  private let targets: Tensor<Float>
  private let block: ParameterBlock
  private let stream = SecretStream()
  /// The steps of the sizes that have come up, by their size in ``unit``s.
  private var steps: [ClippedStep?] = []
  private let memory: StepMemory
  private var optimizer: OptimizerState
  private var dropout: PublicGenerator
  /// The sum of a step's pieces, where it has several.
  private var pieces: [Float] = []
  private let drawn: DrawnRows
  /// What sizes of programs are multiples of.
  private let unit: Int
  private var taken = 0
  /// Of the last step's gradients, where the clipping norm follows them.
  private var below = 0
  /// The moving average of the weights, where it leaves in their place.
  private var average: [Float]?
  /// The norm gradients are clipped to.
  private(set) var clip: Double

  /// How a step's rows are chosen, and how their sum leaves.
  private enum Way {
    case sampled(PoissonSampler, NoiseGrid, NoiseAhead)
    case ordered(FixedOrder, CorrelatedRelease)
  }

  init(
    _ trainer: PrivateTrainer, features: Tensor<Float>, targets: Tensor<Float>, weights: Weights
  ) throws(LearningError) {
    let description = trainer.trainer.description
    _ = try Model(description: description, weights: weights)
    (self.trainer, self.features, self.targets) = (trainer, features, targets)
    block = ParameterBlock(description.weightNames.compactMap { weights[$0] })
    drawn = DrawnRows(capacity: features.shape[0])
    unit = max(1, min(trainer.trainer.batch, trainer.privacy.physicalBatch) / 16)
    memory = StepMemory(rows: min(features.shape[0] + unit, trainer.privacy.physicalBatch))
    way = try Self.way(trainer, rows: features.shape[0], count: block.count)
    optimizer = OptimizerState(trainer.trainer.optimizer, count: block.count)
    dropout = SeedTree(seed: trainer.trainer.seed).child("dropout").generator()
    clip = trainer.privacy.clipping.norm
    average = trainer.privacy.average.map { _ in block.tensors().flatMap(\.scalars) }
  }

  private static func way(_ trainer: PrivateTrainer, rows: Int, count: Int) throws(LearningError) -> Way {
    let (base, privacy) = (trainer.trainer, trainer.privacy)
    if let root = try trainer.root(rows: rows) {
      return .ordered(
        FixedOrder(rows: rows, batch: base.batch, seed: base.seed),
        try CorrelatedRelease(
          root, count: count, epochs: base.epochs, noiseMultiplier: privacy.noiseMultiplier, sampler: privacy.sampler))
    }
    let multiplier = try privacy.sumMultiplier(batch: base.batch)
    return .sampled(
      try trainer.sampler(rows: rows), try NoiseGrid(count: count, noiseMultiplier: multiplier),
      NoiseAhead(exact: privacy.sampler == .exact ? try NoiseGrid.exactNoise() : nil))
  }

  /// Takes a step's rows, and moves the weights by the noised mean of its clipped gradients.
  func step(factor: Double) throws(LearningError) {
    switch way {
    case .sampled(let sampler, _, _): drawn.fill { sampler.draw(stream, into: $0) }
    case .ordered(let order, _): drawn.fill { order.write(step: taken, to: $0) }
    }
    taken += 1
    try sumClipped()
    let fault = trainer.fault
    if fault == .clipOfTheBatch { clipWhole() }
    let noiseFactor =
      switch fault {
      case nil, .clipOfTheBatch: 1.0
      case .noNoise: 0.0
      case .noiseWithoutClip: 1 / clip
      }
    let expected = Double(trainer.trainer.batch)
    switch way {
    case .sampled(_, let grid, let noise):
      grid.release(block.gradients, clip: clip, divisor: expected, noise: noise, factor: noiseFactor)
    case .ordered(_, let release):
      release.release(
        block.gradients, clip: clip, divisor: expected, stream: stream, deviation: noiseFactor * NoiseGrid.deviation)
    }
    optimizer.update(block.weights, block.gradients, count: block.count, factor: factor)
    if let decay = trainer.privacy.average { follow(Float(min(decay, Double(1 + taken) / Double(10 + taken)))) }
    if case .adaptive(let adaptive) = trainer.privacy.clipping { adapt(adaptive) }
  }

  /// Leaves the sum of the sample's clipped gradients in the block, and where the norm follows them how many needed no
  /// clipping.
  private func sumClipped() throws(LearningError) {
    let limit = trainer.privacy.physicalBatch
    below = 0
    var start = 0
    let count = drawn.rows.count
    if count == 0 { block.gradients.update(repeating: 0, count: block.count) }
    while start < count {
      let end = min(start + limit, count)
      try run(start..<end)
      if start > 0 || end < count { add(isFirst: start == 0, isLast: end == count) }
      start = end
    }
  }

  private func run(_ range: Range<Int>) throws(LearningError) {
    let step = try step(for: range.count)
    let norm = trainer.fault == .clipOfTheBatch ? 1e9 : clip
    features.scalars.withUnsafeBufferPointer { features in
      targets.scalars.withUnsafeBufferPointer { targets in
        step.run(
          UnsafeBufferPointer(rebasing: drawn.rows[range]), features: features, targets: targets, clip: norm,
          dropout: &dropout)
      }
    }
    if case .adaptive = trainer.privacy.clipping { below += step.count(below: norm, of: range.count) }
  }

  /// Samples differ in size, and a program has one: the next larger of about sixteen sizes serves.
  private func step(for count: Int) throws(LearningError) -> ClippedStep {
    let place = (count + unit - 1) / unit
    if place < steps.count, let step = steps[place] { return step }
    let perLayer = if case .perLayer = trainer.privacy.clipping { true } else { false }
    let size = min(place * unit, trainer.privacy.physicalBatch)
    let graph = try ClippedGraph(
      trainer.trainer.description, loss: trainer.trainer.loss, perLayer: perLayer, batch: size,
      isPadded: unit > 1)
    let step = ClippedStep(graph, block, size: size, in: memory)
    steps += [ClippedStep?](repeating: nil, count: max(0, place + 1 - steps.count))
    steps[place] = step
    return step
  }

  private func add(isFirst: Bool, isLast: Bool) {
    if pieces.isEmpty { pieces = [Float](repeating: 0, count: block.count) }
    pieces.withUnsafeMutableBufferPointer { pieces in
      guard let sum = pieces.baseAddress else { return }
      if isFirst {
        sum.update(from: block.gradients, count: block.count)
      } else {
        ck_f32_add(block.count, sum, block.gradients, isLast ? block.gradients : sum)
      }
    }
  }

  /// The broken build that clips the mean of a batch.
  private func clipWhole() {
    let square = ck_f32_dot(block.count, block.gradients, block.gradients)
    let limit = Float(clip) * Float(max(drawn.rows.count, 1))
    if square > limit * limit {
      ck_f32_scale(block.count, block.gradients, limit / square.squareRoot(), block.gradients)
    }
  }

  /// The noised share of gradients below the norm, each counted as ±½ so that one more changes the sum by no more than ½.
  private func adapt(_ adaptive: ExamplePrivacy.AdaptiveClipping) {
    let batch = trainer.trainer.batch
    let halves = 2 * below - drawn.rows.count
    let noised = NoiseGrid.noised(count: halves, deviation: 2 * adaptive.deviation(batch: batch), stream: stream) / 2
    let share = min(max(noised / Double(batch) + 0.5, 0), 1)
    clip = min(max(clip * exp(-adaptive.rate * (share - adaptive.quantile)), 1e-9), 1e9)
  }

  /// Moves the average towards the weights; over few steps it forgets faster than it is told to.
  private func follow(_ decay: Float) {
    average?.withUnsafeMutableBufferPointer { average in
      guard let base = average.baseAddress else { return }
      ck_f32_scale(block.count, base, decay, base)
      ck_f32_axpy(block.count, 1 - decay, block.weights, base)
    }
  }

  /// A copy of the weights as they are, or of their average.
  func weights() -> Weights {
    let names = trainer.trainer.description.weightNames
    let tensors = average.map { $0.withUnsafeBufferPointer { block.tensors(of: $0.baseAddress) } } ?? block.tensors()
    return Weights(zip(names, tensors).map { (name: $0, tensor: $1) })
  }

  var isFinite: Bool { (0..<block.count).allSatisfy { block.weights[$0].isFinite } }
}
