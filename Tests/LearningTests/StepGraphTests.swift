import Arithmetic
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
      .sgd(learningRate: 0.05, momentum: 0.5, weightDecay: 0.01), .adam(learningRate: 0.01),
    ])
  func agreesWithTheTrainer(loss: Loss, optimizer: Optimizer) throws {
    let description = try ModelDescription(
      layers: [.dense(units: 4), .relu, .dense(units: 2)], inputShape: [3])
    let trainer = try Trainer(
      description, loss: loss, optimizer: optimizer, epochs: 2, batch: Self.batch, seed: 11)
    let (x, y) = data(loss)
    let expected = try trainer.train(features: x, targets: y).model.weights
    let found = try run(trainer, x, y)
    // Rounding of floats; Adam's ε differs, which moves a step of 0.01 by less than a tenth where gradients are small.
    let tolerance: Float = if case .adam = optimizer { 6e-3 } else { 1e-5 }
    for name in description.weightNames {
      for (a, b) in zip(expected[name]?.scalars ?? [], found[name]?.scalars ?? [.nan]) {
        #expect(abs(a - b) < tolerance, "\(name): \(a) and \(b)")
      }
    }
  }
}
