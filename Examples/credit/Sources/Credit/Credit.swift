import Foundation
import Tacit

/// Trains a credit decision in the clear, and takes decisions that nobody sees: `Credit [TABLE TARGET]`.
@main struct Credit {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    let applications =
      try arguments.count == 2 ? table(arguments[1], target: arguments[2]) : SyntheticCredit.dataset()
    let data = try applications.prepared(test: 0.2, seed: 7)

    // A bank trains on what it knows.
    let description = try ModelDescription(
      layers: [.dense(units: 64), .relu, .dense(units: 32), .relu, .dense(units: 1), .sigmoid],
      inputShape: [data.train.features.shape[1]])
    let trainer = try Trainer(
      description, loss: .binaryCrossEntropy, optimizer: .adam(learningRate: 0.001), epochs: 20, batch: 32, seed: 7)
    let model = try trainer.train(on: data.train).model
    let file = try ModelFile(
      model, preprocessing: data.preprocessing,
      provenance: .init(creator: "Examples/credit", dataset: data.train.name, source: data.train.source))

    // What a decision will cost three parties is known before any of them runs.
    let plan = try await SecurePlan.query(
      file.graph, dataInput: file.inputName, fractionBits: 16)
    print("One decision: \(plan.rounds) rounds, \(plan.bytesSent) bytes among three parties")

    // The three parties hold the model in shares, are sent applications in shares, and give shares of the answers.
    let secret = try await MemoryCluster.predict(file, data.test.features)
    let approved = secret.output.scalars.count { $0 > 0.5 }
    let accuracy = Metrics.binaryAccuracy(
      probabilities: secret.output.scalars, targets: data.test.targets.tensor.scalars)
    print("\(approved) of \(data.test.rowCount) applications approved; \(accuracy.formatted()) of decisions are right")

    let clear = try model.predict(data.test.features)
    let error = zip(secret.output.scalars, clear.scalars).map { abs($0 - $1) }.max() ?? 0
    print("The largest difference from a decision in the clear is \(error)")
  }

  /// A CSV whose columns' kinds are inferred, of a target with two values.
  static func table(_ path: String, target: String) throws -> TabularDataset {
    let table = try CSV.read(path: path)
    return TabularDataset(
      name: table.name, source: path, schema: try Schema.inferred(from: table, target: target), table: table)
  }
}
