import Foundation
import Tacit

/// Trains a program of this package's own by its gradients, and runs the same program on secret shares.
@main struct CustomModel {
  static func main() async throws {
    let data = try SyntheticCredit.dataset().prepared(test: 0.2, seed: 7)
    let machine = FactorisationMachine(features: data.train.features.shape[1], factors: 4)
    let weights = try train(machine, on: data.train)

    let file = try ModelFile(
      graph: machine.prediction(batch: 1), weights: weights,
      provenance: .init(creator: "Examples/custom-model", dataset: data.train.name, source: data.train.source))
    let secret = try await MemoryCluster.predict(file, data.test.features)
    let accuracy = Metrics.binaryAccuracy(
      probabilities: secret.output.scalars, targets: data.test.targets.tensor.scalars)
    print("\(accuracy.formatted()) of \(data.test.rowCount) decisions on shares are right")
    print("\(secret.traffic.rounds) rounds, \(secret.traffic.byteCount) bytes among three parties")

    var inputs = weights
    inputs["x"] = data.test.features
    let clear = try PlainEngine().run(machine.prediction(batch: data.test.rowCount), inputs: inputs)[0]
    let error = zip(secret.output.scalars, clear.scalars).map { abs($0 - $1) }.max() ?? 0
    print("The largest difference from the clear is \(error)")
  }

  /// Gradient descent in the clear: whole batches, a fixed rate.
  static func train(_ machine: FactorisationMachine, on data: Dataset) throws -> [String: Tensor<Float>] {
    let step = try machine.step(batch: data.rowCount)
    var weights = machine.start(seed: 7)
    for round in 1...200 {
      var inputs = weights
      inputs["x"] = data.features
      inputs["target"] = data.targets.tensor
      let results = try PlainEngine().run(step, inputs: inputs)
      for (name, gradient) in zip(FactorisationMachine.weightNames, results.dropFirst()) {
        weights[name] = weights[name].map { $0.moved(by: -0.3, gradient) }
      }
      if round % 50 == 0 { print("Round \(round): loss \(results[0].scalars[0])") }
    }
    return weights
  }
}

extension Tensor<Float> {
  func moved(by rate: Float, _ gradient: Tensor<Float>) -> Tensor<Float> {
    Tensor(shape: shape, scalars: zip(scalars, gradient.scalars).map { $0 + rate * $1 })
  }
}
