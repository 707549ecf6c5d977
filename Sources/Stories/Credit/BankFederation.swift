import Coordination
import Datasets
import Foundation
import Graphs
import Learning
import Tensors

/// Three banks that train one credit model together under masked aggregation, as processes of this machine: a coordinator, and a
/// worker beside each bank's table.
struct BankFederation {
  let training: TabularDataset
  let seed: UInt64
  let executable: String

  static let banks = ["bank-a", "bank-b", "bank-c"]
  static let rounds = 20

  /// Each bank's rows, dealt at random; no bank has another's.
  func tables() throws -> [Table] {
    try training.table.partitioned(.iid, target: nil, workers: Self.banks.count, seed: seed)
  }

  func train(
    _ tables: [Table], progress: @Sendable (String) -> Void
  ) async throws -> FederatedTrainer.Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-banks-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = Self.banks.map { folder.appendingPathComponent("\($0).csv").path }
    for (table, file) in zip(tables, files) { try CSV.write(table, to: file) }
    let text = try jobText(files)
    let trainer = try FederatedTrainer(
      text, environment: [:], versions: [:], executable: executable,
      folder: folder.appendingPathComponent("state").path)
    return try await trainer.run { news in
      if case .round(let round) = news {
        progress("three banks train together: round \(round.round) of \(Self.rounds)")
      }
    }
  }

  /// The job as the coordinator offers it to the banks. Ranges and categories are public, as their publisher states them.
  private func jobText(_ files: [String]) throws -> String {
    let columns = PublicColumns(training.schema)
    let workers = zip(Self.banks, files).map { "{name: \($0), file: \(quoted($1))}" }
    return """
      model: {layers: [\(CreditBaseline.layers.map(\.word).joined(separator: ", "))]}
      data:
        target: \(quoted(training.schema.target.name))
        test: 0.1
        ranges: {\(columns.ranges.joined(separator: ", "))}
        categories: {\(columns.categories.joined(separator: ", "))}
      training:
        batch: 16
        loss: binaryCrossEntropy
        optimizer: {sgd: {learningRate: 0.02, momentum: 0.9, weightDecay: 0.1}}
        seed: \(seed)
      mode: federated
      federated:
        workers: [\(workers.joined(separator: ", "))]
        rounds: \(Self.rounds)
        localEpochs: 1
        aggregation: masked
      """
  }
}

extension LayerSpec {
  /// The layers of the story, as a job writes them.
  fileprivate var word: String {
    if case .dense(let units) = self { return "{dense: \(units)}" }
    return "\(self)"
  }
}
