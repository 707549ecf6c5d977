import Foundation
import Tacit

/// Five banks train together; the coordinator moves the model by a strategy of this package's own, on sums behind masks.
@main struct OwnStrategy {
  static func main() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("own-strategy-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try CSV.write(SyntheticCredit.table(), to: folder + "/applications.csv")
    let text = """
      mode: federated
      model: {layers: [{dense: 16}, relu, {dense: 1}, sigmoid]}
      data: {file: \(folder)/applications.csv, target: A16, test: 0.2}
      training: {batch: 16, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.02}}, seed: 7}
      federated: {workers: 5, rounds: 12, strategy: fedAvg, aggregation: masked, transport: memory}
      """

    for (name, strategy) in [("averages", nil), ("momentum", MomentumServer())] as [(String, MomentumServer?)] {
      let trainer = try FederatedTrainer(text, folder: folder + "/" + name, averaging: strategy)
      let report = try await trainer.run().report
      let accuracies = (report.federation?.accuracies ?? []).map { $0.formatted(.number.precision(.fractionLength(3))) }
      print("\(name): \(accuracies.joined(separator: " "))")
    }
  }
}
