import Datasets
import Foundation
import Learning

/// One small network learned from the same applications in six ways, on the same splits.
struct CreditComparison: Sendable {
  let dataset: TabularDataset
  /// The seed of the first split; each further one's is one more.
  let seed: UInt64
  let splits: Int
  let executable: String

  private static let passes = 4
  /// Averages of few steps each need more of them.
  private static let rounds = 8
  /// The two columns that say most; fewer columns need less noise.
  private static let toldColumns = ["A9", "A10"]
  private static let network = "{dense: 16}, relu, {dense: 1}, sigmoid"
  private static let training = """
    epochs: \(passes), batch: 32, loss: binaryCrossEntropy, schedule: cosine, \
    optimizer: {sgd: {learningRate: 0.1, momentum: 0.9, weightDecay: 0.01}}
    """
  /// A third of the rows in batches of a third: as many steps.
  private static let workersTraining = training.replacing("batch: 32", with: "batch: 11")

  private struct Way: Sendable {
    var name: String
    var layers = CreditComparison.network
    var columns: [String]?
    var training = CreditComparison.training
    var mode = ""
    var isPrivate = false
  }

  private static let shared = Way(
    name: "on shares", mode: "mode: encrypted\nencrypted: {transport: memory, reveal: [metrics]}")
  private static let others = [
    Way(name: "plain"),
    Way(name: "averaged", training: workersTraining, mode: workers("open")),
    Way(name: "masked", training: workersTraining, mode: workers("masked")),
    Way(
      name: "DP-SGD, ε = 3",
      training: "epochs: 5, batch: 138, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 2}}",
      mode: "privacy: {unit: example, clip: 0.5, targetEpsilon: 3, delta: 1e-5}", isPrivate: true),
    Way(
      name: "local DP, ε = 8", layers: "{dense: 1}, sigmoid", columns: toldColumns,
      training: training.replacing("epochs: \(passes)", with: "epochs: 20"),
      mode: "privacy: {unit: local, targetEpsilon: 8, delta: 1e-5}", isPrivate: true),
  ]

  private static func workers(_ aggregation: String) -> String {
    "mode: federated\nfederated: {workers: 3, rounds: \(rounds), aggregation: \(aggregation), transport: memory}"
  }

  /// A row of each way, and what was to be reached.
  func compared(_ progress: (String) -> Void) async throws -> (table: DemoReport.Table, goals: [DemoReport.Goal]) {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-ways-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("applications.csv").path
    try CSV.write(dataset.table, to: file)
    // Parties wait for each other's messages much of the time: the other ways are trained meanwhile.
    async let shared = row(Self.shared, file)
    var rows: [DemoReport.Row] = []
    for way in Self.others {
      progress("the same applications in six ways: \(way.name)")
      rows.append(try await row(way, file))
    }
    progress("the same applications in six ways: \(Self.shared.name)")
    rows.insert(try await shared, at: 3)
    return (Self.table(rows), Self.goals(rows))
  }

  /// A run of each split.
  private func row(_ way: Way, _ file: String) async throws -> DemoReport.Row {
    let trainer = DemoTrainer(executable: executable)
    var runs: [DemoRun] = []
    for split in 0..<UInt64(splits) {
      runs.append(try await trainer.run(text(way, file: file, seed: seed &+ split)))
    }
    return .init(way.name, .accuracy, runs)
  }

  private func text(_ way: Way, file: String, seed: UInt64) -> String {
    let columns = PublicColumns(dataset.schema, only: way.columns)
    return """
      model: {layers: [\(way.layers)]}
      data: {file: \(quoted(file)), target: \(quoted(dataset.schema.target.name)), test: 0.2, \
      \(columns.keys(declaresTarget: way.isPrivate))}
      training: {\(way.training), seed: \(seed)}
      \(way.mode)
      """
  }

  private static func table(_ rows: [DemoReport.Row]) -> DemoReport.Table {
    DemoReport.Table(
      title: "Six ways to learn from the same applications",
      text: """
        A network of 16 units, \(passes) passes over the training rows, judged on the same test rows. Averaged: a coordinator sees \
        three workers' updates, \(rounds) rounds of one pass. Masked: it sees their sums. On shares: three parties train and see \
        nothing. DP-SGD: all rows in one place, and the model tells little of any one (δ = 1e-5, 5 passes). Local \
        DP: each applicant noises her own row before telling it; a logistic regression on two columns, 20 passes. Workers and \
        parties are tasks of this process.
        """, measure: .accuracy, rows: rows)
  }

  private static func goals(_ rows: [DemoReport.Row]) -> [DemoReport.Goal] {
    let plain = rows[0].mean
    return [.atLeast(0.85, plain, "accuracy, plain")]
      + rows[1...3].map { .atMost(0.01, plain - $0.mean, "below plain on the same splits, \($0.way)") }
  }
}
