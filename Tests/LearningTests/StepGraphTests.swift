import Arithmetic
import Foundation
import Graphs
import Learning
import Tensors
import Testing

/// The graph of a whole optimizer step against the trainer, which keeps its optimizer outside of the graph.
@Suite struct StepGraphTests {
  private static let rows = 24
  private static let batch = 8

  private func data(_ loss: Loss) -> (x: Tensor<Float>, y: Tensor<Float>) {
    var random = SeedTree(seed: 3).generator()
    let x = Tensor<Float>(shape: [Self.rows, 3], scalars: (0..<3 * Self.rows).map { _ in Float(random.normal()) })
    switch loss {
    case .meanSquaredError:
      return (x, Tensor(shape: [Self.rows, 2], scalars: (0..<2 * Self.rows).map { _ in Float(random.normal()) }))
    case .binaryCrossEntropy:
      return (x, Tensor(shape: [Self.rows, 2], scalars: (0..<2 * Self.rows).map { Float($0 * 7 % 3 % 2) }))
    case .softmaxCrossEntropy:
      return (x, Tensor(shape: [Self.rows, 2], scalars: (0..<2 * Self.rows).map { $0 % 2 == $0 / 2 % 2 ? 1 : 0 }))
    }
  }

  private static func rows(_ rows: ArraySlice<Int>, of tensor: Tensor<Float>) -> Tensor<Float> {
    Tensor.concatenated(rows.map { tensor.sliced(axis: 0, $0..<$0 + 1) }, axis: 0)
  }

  /// Trains by the graph on the plain engine.
  private func run(_ trainer: Trainer, _ x: Tensor<Float>, _ y: Tensor<Float>) throws -> [String: Tensor<Float>] {
    let step = try StepGraph(
      trainer.description, loss: trainer.loss, optimizer: trainer.optimizer, batch: Self.batch, withLoss: true)
    var values = trainer.description.initialWeights(seed: SeedTree(seed: trainer.seed).child("weights")).byName
    for name in step.stateNames {
      values[name] = Tensor(repeating: 0, shape: step.graph.shape(ofInput: name) ?? [])
    }
    var count = 0
    for epoch in 1...trainer.epochs {
      let order = trainer.shuffle(epoch, rows: Self.rows)
      for start in stride(from: 0, to: Self.rows, by: Self.batch) {
        count += 1
        var inputs = values
        inputs["x"] = Self.rows(order[start..<start + Self.batch], of: x)
        inputs["y"] = Self.rows(order[start..<start + Self.batch], of: y)
        for (name, number) in step.numbers(step: count, factor: 1) {
          inputs[name] = Tensor(shape: [], scalars: [number])
        }
        let outputs = try PlainEngine().run(step.graph, inputs: inputs)
        #expect(outputs[0].scalars[0].isFinite)
        for (name, value) in zip(step.weightNames + step.stateNames, outputs.dropFirst()) { values[name] = value }
      }
    }
    return values
  }

  @Test(
    arguments: Loss.allCases,
    [
      Optimizer.sgd(learningRate: 0.1), .sgd(learningRate: 0.05, momentum: 0.9),
      .sgd(learningRate: 0.05, momentum: 0.5, weightDecay: 0.01),
    ])
  func agreesWithTheTrainer(loss: Loss, optimizer: Optimizer) throws {
    let description = try ModelDescription(
      layers: [.dense(units: 4), .relu, .dense(units: 2)], inputShape: [3])
    let trainer = try Trainer(
      description, loss: loss, optimizer: optimizer, epochs: 2, batch: Self.batch, seed: 11)
    let (x, y) = data(loss)
    let expected = try trainer.train(features: x, targets: y).model.weights
    let found = try run(trainer, x, y)
    // Rounding of floats, 6e-8, over six steps of a few dozen operations.
    let tolerance: Float = 1e-5
    for name in description.weightNames {
      for (a, b) in zip(expected[name]?.scalars ?? [], found[name]?.scalars ?? [.nan]) {
        #expect(abs(a - b) < tolerance, "\(name): \(a) and \(b)")
      }
    }
  }

  /// Adam in double precision by its formulas, with the scaled gradient and the floor inside the root, on gradients of the
  /// trainer's own graph.
  @Test(arguments: Loss.allCases)
  func adamFollowsItsFormulas(loss: Loss) throws {
    let description = try ModelDescription(
      layers: [.dense(units: 4), .relu, .dense(units: 2)], inputShape: [3])
    let trainer = try Trainer(
      description, loss: loss, optimizer: .adam(learningRate: 0.01), epochs: 2, batch: Self.batch, seed: 11)
    let (x, y) = data(loss)
    let gradients = try TrainingGraph(description, loss: loss, batch: Self.batch)
    var weights = description.initialWeights(seed: SeedTree(seed: 11).child("weights")).byName
    var moments: [String: (mean: [Double], square: [Double])] = [:]
    for name in description.weightNames {
      let zeros = [Double](repeating: 0, count: weights[name]?.count ?? 0)
      moments[name] = (zeros, zeros)
    }
    var count = 0.0
    for epoch in 1...2 {
      let order = trainer.shuffle(epoch, rows: Self.rows)
      for start in stride(from: 0, to: Self.rows, by: Self.batch) {
        count += 1
        var inputs = weights
        inputs["x"] = Self.rows(order[start..<start + Self.batch], of: x)
        inputs["y"] = Self.rows(order[start..<start + Self.batch], of: y)
        let found = try PlainEngine().run(gradients.graph, inputs: inputs).dropFirst()
        for (name, gradient) in zip(gradients.weightNames, found) {
          var (mean, square) = moments[name] ?? ([], [])
          var scalars = weights[name]?.scalars ?? []
          let rate = 0.01 * (1 - pow(0.999, count)).squareRoot() / (1 - pow(0.9, count))
          for index in scalars.indices {
            let g = 256 * Double(gradient.scalars[index])
            mean[index] = 0.9 * mean[index] + 0.1 * g
            square[index] = 0.999 * square[index] + 0.001 * g * g
            scalars[index] -= Float(rate * mean[index] / (square[index] + 0x1p-10).squareRoot())
          }
          moments[name] = (mean, square)
          weights[name] = Tensor(shape: gradient.shape, scalars: scalars)
        }
      }
    }
    let trained = try run(trainer, x, y)
    for name in description.weightNames {
      for (a, b) in zip(weights[name]?.scalars ?? [], trained[name]?.scalars ?? [.nan]) {
        #expect(abs(a - b) < 2e-5, "\(name): \(a) and \(b)")
      }
    }
  }
}
