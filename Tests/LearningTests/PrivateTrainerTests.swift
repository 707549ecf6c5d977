import Arithmetic
import Foundation
import Learning
import Privacy
import Tensors
import Testing

/// DP-SGD as a whole.
@Suite struct PrivateTrainerTests {
  /// Two clouds that a line separates.
  private func clouds(_ rows: Int) -> (x: Tensor<Float>, y: Tensor<Float>) {
    var random = SeedTree(seed: 2).generator()
    let y = (0..<rows).map { Float($0 % 2) }
    let x = (0..<(4 * rows)).map { Float(random.normal()) + (y[$0 / 4] == 1 ? 1 : -1) }
    return (Tensor(shape: [rows, 4], scalars: x), Tensor(shape: [rows, 1], scalars: y))
  }

  private func trainer(
    _ clipping: ExamplePrivacy.Clipping, noise: Double = 1, batch: Int = 50, epochs: Int = 3, physicalBatch: Int = 512,
    rate: Double = 0.5, average: Double? = nil, fault: PrivateTrainer.InsecureFault? = nil
  ) throws -> PrivateTrainer {
    let description = try ModelDescription(
      layers: [.dense(units: 8), .tanh, .dense(units: 1), .sigmoid], inputShape: [4])
    return try PrivateTrainer(
      Trainer(
        description, loss: .binaryCrossEntropy, optimizer: .sgd(learningRate: rate), epochs: epochs, batch: batch,
        seed: 1),
      privacy: ExamplePrivacy(
        clipping: clipping, noiseMultiplier: noise, physicalBatch: physicalBatch, average: average), fault: fault)
  }

  private func accuracy(_ model: Model, _ x: Tensor<Float>, _ y: Tensor<Float>) throws -> Double {
    Metrics.binaryAccuracy(probabilities: try model.predict(x).scalars, targets: y.scalars)
  }

  @Test(arguments: [
    ExamplePrivacy.Clipping.flat(norm: 1), .perLayer(norm: 1), .adaptive(.init(norm: 0.1)),
  ])
  func learnsAndSaysWhatItReleased(_ clipping: ExamplePrivacy.Clipping) throws {
    let (x, y) = clouds(1000)
    let trainer = try trainer(clipping)
    var events: [PrivacyEvent] = []
    let result = try trainer.train(features: x, targets: y) { events.append($0.event) }
    // The clouds' centres are two deviations from the line; chance would be 0.5.
    #expect(try accuracy(result.model, x, y) > 0.9)
    let step = PrivacyEvent.poissonSampled(rate: 0.05, .gaussian(noiseMultiplier: 1))
    #expect(events == (1...3).map { .repeated(step, count: 20 * $0) })
    #expect(result.event == events.last)
    #expect(result.clips.count == 3)
  }

  /// Coins and noise are fresh in every run.
  @Test func runsDiffer() throws {
    let (x, y) = clouds(100)
    let trainer = try trainer(.flat(norm: 1), epochs: 1)
    let models = try (0..<2).map { _ in try trainer.train(features: x, targets: y).model }
    #expect(models[0] != models[1])
  }

  /// With every row in every sample and no noise, only the sums' order is left to differ. Tolerance: float rounding of a few
  /// steps.
  @Test func piecesAddUp() throws {
    let (x, y) = clouds(100)
    let models = try [512, 100, 33, 1].map { size in
      try trainer(.flat(norm: 0.5), batch: 100, physicalBatch: size, fault: .noNoise).train(features: x, targets: y)
        .model
    }
    for model in models.dropFirst() {
      for name in model.weights.names {
        for (a, b) in zip(model.weights[name]?.scalars ?? [], models[0].weights[name]?.scalars ?? []) {
          #expect(abs(a - b) < 1e-5)
        }
      }
    }
  }

  /// The average of the weights after each step, by its own recursion: a ← β·a + (1 − β)·w, β at most (1 + t)/(10 + t).
  @Test(arguments: [0.2, 0.6]) func weightsAreAveraged(decay: Double) throws {
    let (x, y) = clouds(60)
    func weights(average: Double?) throws -> [[Double]] {
      var after: [[Double]] = []
      _ = try trainer(.flat(norm: 0.5), batch: 60, epochs: 12, average: average, fault: .noNoise)
        .train(features: x, targets: y) { progress in
          after.append(progress.weights.names.flatMap { progress.weights[$0]?.scalars ?? [] }.map(Double.init))
        }
      return after
    }
    let description = try ModelDescription(
      layers: [.dense(units: 8), .tanh, .dense(units: 1), .sigmoid], inputShape: [4])
    let first = description.initialWeights(seed: SeedTree(seed: 1).child("weights"))
    var average = first.names.flatMap { first[$0]?.scalars ?? [] }.map(Double.init)
    for (step, (weights, averaged)) in zip(try weights(average: nil), try weights(average: decay)).enumerated() {
      let factor = min(decay, Double(step + 2) / Double(step + 11))
      average = zip(average, weights).map { factor * $0 + (1 - factor) * $1 }
      #expect(zip(averaged, average).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  /// The norm follows the wanted quantile of the gradients' norms, from far above and from far below. At the median about
  /// half of the gradients are clipped; the band allows for noise and for a moving median.
  @Test func theNormFollowsTheQuantile() throws {
    let (x, y) = clouds(2000)
    let clips = try [1e-3, 1e3].map { norm in
      try trainer(.adaptive(.init(norm: norm)), batch: 200, epochs: 12, rate: 1e-6).train(features: x, targets: y).clips
    }
    let (low, high) = (clips[0].last ?? 0, clips[1].last ?? 0)
    #expect(low > 0.1 && high < 10 && abs(log(high / low)) < 0.5)
  }

  /// Coins are of 64 bits, of which the lower half is thrown where the upper one leaves it open.
  @Test func lowerHalvesOfCoinsDecideTies() {
    let limit: UInt64 = 5 << 32 | 7
    var coins: [UInt32] = [4, 5, 6, 5, 0, 5, .max, 5]
    var lower: [UInt32] = [6, 7, 8, 0]
    var rows = [Int](repeating: -1, count: coins.count + 8)
    let count = coins.withUnsafeMutableBufferPointer { coins in
      PoissonSampler.choose(coins, rows: 8, limit: limit, into: &rows) { lower.removeFirst() }
    }
    #expect(Array(rows.prefix(count)) == [0, 1, 4, 7])
    #expect(lower.isEmpty)
  }

  /// A sample may be empty: then a step is noise alone. One row at a rate of 1/1000 is hardly ever drawn.
  @Test func emptySamples() throws {
    let (x, y) = clouds(2)
    let sampler = try PoissonSampler(rows: 2, rate: 1)
    #expect(sampler.event(of: .gaussian(noiseMultiplier: 2)) == .poissonSampled(rate: 1, .gaussian(noiseMultiplier: 2)))
    let description = try ModelDescription(layers: [.dense(units: 1)], inputShape: [4])
    let base = try Trainer(
      description, loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.1), epochs: 40, batch: 1, seed: 1)
    let trainer = try PrivateTrainer(base, privacy: ExamplePrivacy(clipping: .flat(norm: 1), noiseMultiplier: 1))
    let model = try trainer.train(features: x, targets: y).model
    #expect(model.weights.byName.values.allSatisfy { $0.scalars.allSatisfy(\.isFinite) })
  }

  /// The noise of a step without gradients: mean 0 and the stated deviation. 5 deviations of each estimate from 20,000
  /// numbers: false alarms once in 10⁶ runs.
  @Test(arguments: ExamplePrivacy.Sampler.allCases)
  func noiseHasTheStatedDeviation(_ sampler: ExamplePrivacy.Sampler) throws {
    let description = try ModelDescription(layers: [.dense(units: 10_000)], inputShape: [1])
    let base = try Trainer(
      description, loss: .meanSquaredError, optimizer: .sgd(learningRate: 1), epochs: 1, batch: 4, seed: 1)
    let trainer = try PrivateTrainer(
      base, privacy: ExamplePrivacy(clipping: .flat(norm: 3), noiseMultiplier: 2, sampler: sampler))
    // Zeros and a weight of zero: the only gradient would be the bias's, and it is 0.
    let x = Tensor<Float>(repeating: 0, shape: [4, 1])
    let y = Tensor<Float>(repeating: 0, shape: [4, 10_000])
    let start = Weights([
      ("dense1.weight", Tensor(repeating: 0, shape: [1, 10_000])),
      ("dense1.bias", Tensor(repeating: 0, shape: [10_000])),
    ])
    let result = try trainer.train(features: x, targets: y, initialWeights: start)
    let moved = result.model.weights.byName.values.flatMap(\.scalars).map { Double($0) * 4 / 6 }
    let mean = moved.reduce(0, +) / Double(moved.count)
    let variance = moved.reduce(0) { $0 + $1 * $1 } / Double(moved.count)
    #expect(abs(mean) < 5 / 20_000.0.squareRoot())
    // Rounding and single precision enlarge the deviation by 2⁻¹⁰ and √20,000 · 2 · 2⁻²⁰.
    #expect(abs(variance - 1.0025) < 5 * (2 / 20_000.0).squareRoot())
    for (bound, share) in [(0.5, 0.6171), (1.0, 0.3173), (2.0, 0.0455), (3.0, 0.0027)] {
      let found = Double(moved.filter { abs($0) > bound }.count) / Double(moved.count)
      #expect(abs(found - share) < 5 * (share * (1 - share) / 20_000).squareRoot() + 0.002)
    }
  }

  @Test func settingsOutOfRange() throws {
    for (clipping, noise) in [
      (ExamplePrivacy.Clipping.flat(norm: 0), 1.0), (.flat(norm: 1), 0), (.flat(norm: .nan), 1),
      (.adaptive(.init(norm: 1, quantile: 1)), 1), (.adaptive(.init(norm: 1, countDeviation: 0.4)), 1),
    ] {
      #expect(throws: LearningError.self) { try trainer(clipping, noise: noise) }
    }
    for average in [0, 1, .nan] {
      #expect(throws: LearningError.self) { try trainer(.flat(norm: 1), average: average) }
    }
  }
}
