import Arithmetic
import Foundation
import Graphs
import Learning
import Tensors
import Testing

@Suite struct TrainerTests {
  /// Two inputs, two hidden units with tanh, one output: small enough to write the formulas down.
  private func tiny(_ loss: Loss, _ optimizer: Optimizer, batch: Int, epochs: Int, last: [LayerSpec] = []) throws
    -> Trainer
  {
    let outputs = loss == .softmaxCrossEntropy ? 3 : 1
    let description = try ModelDescription(
      layers: [.dense(units: 2), .tanh, .dense(units: outputs)] + last, inputShape: [2])
    return try Trainer(description, loss: loss, optimizer: optimizer, epochs: epochs, batch: batch, seed: 5)
  }

  private func data(_ loss: Loss, rows: Int) -> (x: Tensor<Float>, y: Tensor<Float>) {
    var random = SeedTree(seed: 9).generator()
    let x = Tensor<Float>(shape: [rows, 2], scalars: (0..<(2 * rows)).map { _ in Float(random.normal()) })
    switch loss {
    case .meanSquaredError:
      return (x, Tensor(shape: [rows, 1], scalars: (0..<rows).map { _ in Float(random.normal()) }))
    case .binaryCrossEntropy: return (x, Tensor(shape: [rows, 1], scalars: (0..<rows).map { Float($0 % 2) }))
    case .softmaxCrossEntropy:
      return (x, Tensor(shape: [rows, 3], scalars: (0..<(3 * rows)).map { $0 % 3 == $0 / 3 % 3 ? 1 : 0 }))
    }
  }

  /// The same training in double precision, from the formulas: central differences of the loss, optimizers by hand.
  @Test(
    arguments: Loss.allCases,
    [
      Optimizer.sgd(learningRate: 0.1), .sgd(learningRate: 0.05, momentum: 0.9, weightDecay: 0.01),
      .adam(learningRate: 0.01),
    ])
  func agreesWithDoublePrecision(loss: Loss, optimizer: Optimizer) throws {
    let trainer = try tiny(loss, optimizer, batch: 4, epochs: 3)
    let (x, y) = data(loss, rows: 10)
    let start = trainer.description.initialWeights(seed: SeedTree(seed: 5).child("weights"))
    let result = try trainer.train(features: x, targets: y)
    var oracle = Oracle(trainer, start)
    var losses: [Double] = []
    for epoch in 1...3 {
      let order = trainer.shuffle(epoch, rows: 10)
      var total = 0.0
      for first in Swift.stride(from: 0, to: 10, by: 4) {
        let rows = Array(order[first..<min(first + 4, 10)])
        total += oracle.step(rows, x, y) * Double(rows.count)
      }
      losses.append(total / 10)
    }
    // Rounding of floats, 6e-8, over nine steps of a few dozen operations; Adam divides by small numbers.
    for (a, b) in zip(result.losses, losses) { #expect(abs(a - b) < 2e-4) }
    let found = trainer.description.weightNames.flatMap { result.model.weights[$0]?.scalars ?? [] }
    #expect(found.count == oracle.parameters.count)
    for (a, b) in zip(found, oracle.parameters) { #expect(abs(Double(a) - b) < 2e-4) }
  }

  @Test(arguments: [(Loss.binaryCrossEntropy, LayerSpec.sigmoid), (.softmaxCrossEntropy, .softmax)])
  func lastLayerIsPartOfTheLoss(loss: Loss, last: LayerSpec) throws {
    let (x, y) = data(loss, rows: 12)
    let bare = try tiny(loss, .sgd(learningRate: 0.1), batch: 5, epochs: 2)
    let ended = try tiny(loss, .sgd(learningRate: 0.1), batch: 5, epochs: 2, last: [last])
    let (a, b) = (try bare.train(features: x, targets: y), try ended.train(features: x, targets: y))
    #expect(a.losses == b.losses)
    #expect(a.model.weights == b.model.weights)
    #expect(try b.model.predict(x).scalars.allSatisfy { $0 > 0 && $0 < 1 })
  }

  @Test func sameSeedSameBits() throws {
    let layers: [LayerSpec] = [
      .conv2d(filters: 3, kernel: 3), .averagePool(window: 2), .relu, .flatten, .dropout(rate: 0.3), .dense(units: 4),
      .softmax,
    ]
    let description = try ModelDescription(layers: layers, inputShape: [1, 8, 8])
    var random = SeedTree(seed: 1).generator()
    let x = Tensor<Float>(shape: [30, 1, 8, 8], scalars: (0..<1920).map { _ in Float(random.normal()) })
    let y = Tensor<Float>(shape: [30, 4], scalars: (0..<120).map { $0 % 4 == $0 / 4 % 4 ? 1 : 0 })
    func train(_ seed: UInt64) throws -> Trainer.Result {
      let trainer = try Trainer(
        description, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01), epochs: 3, batch: 8, seed: seed)
      return try trainer.train(features: x, targets: y)
    }
    let (first, second, other) = (try train(1), try train(1), try train(2))
    #expect(first.model == second.model)
    #expect(first.losses == second.losses)
    #expect(first.model != other.model)
  }

  /// Masks are inputs of the training graph only.
  @Test func dropoutIsInactiveInPrediction() throws {
    let description = try ModelDescription(layers: [.dropout(rate: 0.5), .dense(units: 1)], inputShape: [2])
    var weights = Weights()
    weights["dense1.weight"] = Tensor(shape: [2, 1], scalars: [1, 2])
    weights["dense1.bias"] = Tensor(shape: [1], scalars: [3])
    let model = try Model(description: description, weights: weights)
    #expect(try model.predict(Tensor(shape: [1, 2], scalars: [10, 100])).scalars == [213])
    let graph = try TrainingGraph(description, loss: .meanSquaredError, batch: 4)
    #expect(graph.masks.map(\.name) == ["dropout1.mask"])
    #expect(graph.graph.shape(ofInput: "dropout1.mask") == [4, 2])
  }

  @Test func lossesAreStable() throws {
    let description = try ModelDescription(layers: [.dense(units: 1), .sigmoid], inputShape: [1])
    let graph = try TrainingGraph(description, loss: .binaryCrossEntropy, batch: 4)
    let outputs = try PlainEngine().run(
      graph.graph,
      inputs: [
        "x": Tensor(shape: [4, 1], scalars: [200, -200, 200, -200]),
        "y": Tensor(shape: [4, 1], scalars: [1, 0, 0, 1]),
        "dense1.weight": Tensor(shape: [1, 1], scalars: [1]), "dense1.bias": Tensor(shape: [1], scalars: [0]),
      ])
    #expect(outputs[0].scalars == [100])
    #expect(outputs[1].scalars == [100])
    let classes = try TrainingGraph(
      ModelDescription(layers: [.dense(units: 2), .softmax], inputShape: [1]), loss: .softmaxCrossEntropy, batch: 1)
    let loss = try PlainEngine().run(
      classes.graph,
      inputs: [
        "x": Tensor(shape: [1, 1], scalars: [1000]), "y": Tensor(shape: [1, 2], scalars: [0, 1]),
        "dense1.weight": Tensor(shape: [1, 2], scalars: [1, -1]), "dense1.bias": Tensor(shape: [2], scalars: [0, 0]),
      ])
    #expect(loss[0].scalars == [2000])
  }

  @Test func mistakesAreErrors() throws {
    let description = try ModelDescription(layers: [.dense(units: 1)], inputShape: [2])
    func trainer(_ optimizer: Optimizer, loss: Loss = .meanSquaredError) throws -> Trainer {
      try Trainer(description, loss: loss, optimizer: optimizer, epochs: 3, batch: 4, seed: 1)
    }
    #expect(throws: LearningError.self) { try trainer(.sgd(learningRate: 0)) }
    #expect(throws: LearningError.self) { try trainer(.sgd(learningRate: 0.1, momentum: 1)) }
    #expect(throws: LearningError.self) { try trainer(.sgd(learningRate: 0.1), loss: .softmaxCrossEntropy) }
    let x = Tensor<Float>(repeating: 1, shape: [6, 2])
    let y = Tensor<Float>(repeating: 1, shape: [6, 1])
    let good = try trainer(.sgd(learningRate: 0.1))
    #expect(throws: LearningError.self) { try good.train(features: x, targets: y.reshaped(to: [3, 2])) }
    #expect(throws: LearningError.self) { try good.train(features: y, targets: y) }
    #expect(throws: LearningError.self) { try good.train(features: x, targets: y.sliced(axis: 0, 0..<5)) }
    let wild = try trainer(.sgd(learningRate: 1e30))
    #expect(throws: LearningError.diverged(epoch: 1)) { try wild.train(features: x, targets: y) }
  }

  /// One step an epoch: a halved rate from epoch 3 on is what the schedule says, and a cosine ends near 0.
  @Test func schedulesMoveTheLearningRate() throws {
    let description = try ModelDescription(layers: [.dense(units: 1)], inputShape: [1])
    let x = Tensor<Float>(shape: [1, 1], scalars: [0])
    let y = Tensor<Float>(shape: [1, 1], scalars: [1])
    func bias(_ schedule: Schedule, epochs: Int) throws -> Double {
      let trainer = try Trainer(
        description, loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.1), schedule: schedule, epochs: epochs,
        batch: 1, seed: 1)
      let result = try trainer.train(features: x, targets: y)
      return Double(result.model.weights["dense1.bias"]?.scalars[0] ?? 0)
    }
    // The bias b follows 1 − b ← (1 − b)·(1 − 2·rate), from b = 0.
    func expected(_ factors: [Double]) -> Double { 1 - factors.reduce(1) { $0 * (1 - 0.2 * $1) } }
    #expect(abs(try bias(.constant, epochs: 4) - expected([1, 1, 1, 1])) < 1e-6)
    #expect(abs(try bias(.step(every: 2, factor: 0.5), epochs: 5) - expected([1, 1, 0.5, 0.5, 0.25])) < 1e-6)
    #expect(abs(try bias(.cosine(), epochs: 2) - expected([1, 0.5])) < 1e-6)
    #expect(abs(try bias(.cosine(final: 0.2), epochs: 2) - expected([1, 0.6])) < 1e-6)
    #expect(throws: LearningError.self) { try bias(.step(every: 0, factor: 0.5), epochs: 1) }
  }

  @Test func progressIsReported() throws {
    let trainer = try tiny(.meanSquaredError, .sgd(learningRate: 0.1), batch: 100, epochs: 4)
    let (x, y) = data(.meanSquaredError, rows: 6)
    var seen: [Trainer.Progress] = []
    let result = try trainer.train(features: x, targets: y) { seen.append($0) }
    #expect(seen.map(\.epoch) == [1, 2, 3, 4])
    #expect(seen.map(\.loss) == result.losses)
    struct Stop: Error {}
    #expect(throws: Stop.self) { try trainer.train(features: x, targets: y) { if $0.epoch == 2 { throw Stop() } } }
  }
}

/// Training of the tiny model in double precision.
private struct Oracle {
  var parameters: [Double]
  private var first: [Double]
  private var second: [Double]
  private var steps = 0.0
  private let loss: Loss
  private let optimizer: Optimizer
  private let outputs: Int

  init(_ trainer: Trainer, _ weights: Weights) {
    parameters = trainer.description.weightNames.flatMap { weights[$0]?.scalars.map(Double.init) ?? [] }
    first = parameters.map { _ in 0 }
    second = first
    (loss, optimizer, outputs) = (trainer.loss, trainer.optimizer, trainer.description.outputShape[0])
  }

  mutating func step(_ rows: [Int], _ x: Tensor<Float>, _ y: Tensor<Float>) -> Double {
    let value = lossValue(parameters, rows, x, y)
    let gradient = parameters.indices.map { index in
      var moved = parameters
      moved[index] += 1e-6
      let up = lossValue(moved, rows, x, y)
      moved[index] -= 2e-6
      return (up - lossValue(moved, rows, x, y)) / 2e-6
    }
    steps += 1
    for (index, slope) in gradient.enumerated() {
      switch optimizer {
      case .sgd(let rate, let momentum, let decay):
        first[index] = momentum * first[index] + slope + decay * parameters[index]
        parameters[index] -= rate * first[index]
      case .adam(let rate, let beta1, let beta2):
        first[index] = beta1 * first[index] + (1 - beta1) * slope
        second[index] = beta2 * second[index] + (1 - beta2) * slope * slope
        let mean = first[index] / (1 - pow(beta1, steps))
        parameters[index] -= rate * mean / ((second[index] / (1 - pow(beta2, steps))).squareRoot() + 1e-8)
      }
    }
    return value
  }

  private func lossValue(_ p: [Double], _ rows: [Int], _ x: Tensor<Float>, _ y: Tensor<Float>) -> Double {
    rows.reduce(0) { total, row in
      let (a, b) = (Double(x.scalars[2 * row]), Double(x.scalars[2 * row + 1]))
      let hidden = [tanh(a * p[0] + b * p[2] + p[4]), tanh(a * p[1] + b * p[3] + p[5])]
      let z = (0..<outputs).map { hidden[0] * p[6 + $0] + hidden[1] * p[6 + outputs + $0] + p[6 + 2 * outputs + $0] }
      let t = (0..<outputs).map { Double(y.scalars[outputs * row + $0]) }
      switch loss {
      case .meanSquaredError: return total + (z[0] - t[0]) * (z[0] - t[0])
      case .binaryCrossEntropy:
        let probability = 1 / (1 + exp(-z[0]))
        return total - t[0] * log(probability) - (1 - t[0]) * log(1 - probability)
      case .softmaxCrossEntropy:
        let sum = z.reduce(0) { $0 + exp($1) }
        return total - zip(z, t).reduce(0) { $0 + $1.1 * log(exp($1.0) / sum) }
      }
    } / Double(rows.count)
  }
}
