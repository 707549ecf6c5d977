import Datasets
import Graphs
import Learning
import Tensors

/// The same network trained in the clear on rows in one place: what the banks' model is compared with.
struct CreditBaseline {
  /// Names and schema; ``judged(_:)`` says which rows to train on.
  let rows: TabularDataset
  let test: Table
  let seed: UInt64

  static let layers: [LayerSpec] = [
    .dense(units: 64), .relu, .dense(units: 32), .relu, .dense(units: 1), .sigmoid,
  ]

  /// Trains on a table, prepared by its own statistics, and judges on the test rows.
  func judged(_ table: Table) throws -> (accuracy: Double, seconds: Double) {
    let prepared = try rows.prepared(train: table, test: test)
    let description = try ModelDescription(layers: Self.layers, inputShape: [prepared.train.features.shape[1]])
    let trainer = try Trainer(
      description, loss: .binaryCrossEntropy,
      optimizer: .sgd(learningRate: 0.01, momentum: 0.9, weightDecay: 0.01), epochs: 20, batch: 32, seed: seed)
    let clock = ContinuousClock()
    let start = clock.now
    let model = try trainer.train(features: prepared.train.features, targets: prepared.train.targets.tensor).model
    let seconds = (clock.now - start) / .seconds(1)
    let probabilities = try model.predict(prepared.test.features).scalars
    let accuracy = Metrics.binaryAccuracy(
      probabilities: probabilities, targets: prepared.test.targets.tensor.scalars)
    return (accuracy, seconds)
  }
}
