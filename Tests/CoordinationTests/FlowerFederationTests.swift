import Arithmetic
import Coordination
import Datasets
import Federation
import Flower
import Foundation
import Learning
import Tensors
import Testing

/// Tacit workers in a federation of real Flower processes.
@Suite(
  .serialized, .enabled(FlowerPrograms.absence) { await FlowerPrograms.here != nil })
struct FlowerFederationTests {
  /// One batch holds all rows of a worker, so that their order does not matter and PyTorch can do the same.
  private static func job(rounds: Int) -> String {
    Federations.job("rounds: \(rounds), localEpochs: 2, aggregation: open, minimumClients: 3")
      .replacingOccurrences(of: "batch: 8", with: "batch: 64")
  }

  private static func node(
    _ flower: FlowerProcesses, _ name: String, _ rows: WorkerRows, job: String
  ) throws -> Task<Void, any Error> {
    let worker = try FlowerWorker(
      name: name, rows: rows, policy: Federations.policy, job: job, logger: Federations.quiet)
    let node = try FleetNode(address: flower.address, trust: .insecure, key: .fresh(), logger: Federations.quiet) {
      await worker.answer($0)
    }
    return Task { try await node.run() }
  }

  /// The weights that our coordinator begins with, one file an array.
  static func writeWeights(to folder: URL, job: String) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let description = try ModelDescription(layers: try Job.parse(job).model.layers, inputShape: [4])
    let weights = description.initialWeights(seed: SeedTree(seed: 5).child("weights"))
    for name in weights.names {
      try NPY.write(try #require(weights[name]), to: folder.appending(path: "\(name).npy").path)
    }
  }

  private static func writeRows(_ rows: WorkerRows, to folder: URL) throws {
    guard case .memory(.tensors(let train, let test)) = rows else { return }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (prefix, set) in [("", train), ("test_", test)] {
      try NPY.write(set.features, to: folder.appending(path: "\(prefix)x.npy").path)
      try NPY.write(set.targets.tensor, to: folder.appending(path: "\(prefix)y.npy").path)
    }
  }

  /// Two Tacit workers and a stock node in PyTorch (in NumPy where there is none), five rounds. Oracle: the same three workers with our
  /// own coordinator. The bound is the issue's.
  @Test(.timeLimit(.minutes(15))) func fiveRoundsWithAStockNodeAreOurFiveRounds() async throws {
    let job = Self.job(rounds: 5)
    let tables = try Federations.tables()
    let flower = try await FlowerProcesses()
    let initial = flower.folder.appending(path: "initial")
    try Self.writeWeights(to: initial, job: job)
    let data = flower.folder.appending(path: "rows")
    try Self.writeRows(tables[2].rows, to: data)
    try await flower.startSuperLink()
    let nodes = try tables[..<2].map { try Self.node(flower, $0.name, $0.rows, job: job) }
    defer { for node in nodes { node.cancel() } }
    if !flower.programs.hasTorch { print("The stock node is one of NumPy: PyTorch is not here (TACIT_FLWR_TORCH=1).") }
    try await flower.startStockNode(data: data)
    let figures = try await flower.run([
      ("rounds", "5"), ("nodes", "3"), ("local-epochs", "2"), ("initial", "\"\(initial.path)\""),
    ])
    let own = try await Federations.run(job, tables: tables)
    // A round of ours is judged when the next one begins, and the last one at the end.
    let expected = own.rounds.map(\.metrics).dropFirst().map(\.loss) + [own.outcome.metrics.loss]
    #expect(figures.evaluate.count == 5 && expected.count == 5)
    for (index, loss) in expected.enumerated() {
      let theirs = try #require(figures.evaluate["\(index + 1)"]?["loss"])
      #expect(abs(theirs - (try #require(loss))) < 1e-5, "round \(index + 1): \(theirs) and \(loss ?? .nan)")
    }
    let layout = WeightLayout(try ModelDescription(layers: try Job.parse(job).model.layers, inputShape: [4]))
    for entry in layout.entries {
      let theirs = try NPY.read(path: flower.folder.appending(path: "output/\(entry.name).npy").path)
      #expect(theirs.shape == entry.shape)
      let ours = own.weights[entry.offset..<entry.offset + entry.shape.count]
      #expect(zip(theirs.scalars, ours).allSatisfy { abs($0 - $1) < 1e-5 }, "\(entry.name)")
    }
  }

  /// Workers outlive a SuperLink that has forgotten them, and one that is refused says so.
  @Test(.timeLimit(.minutes(15))) func aRestartedSuperLinkFindsItsWorkersAgain() async throws {
    let job = Self.job(rounds: 2)
    let tables = try Federations.tables()
    let flower = try await FlowerProcesses()
    let initial = flower.folder.appending(path: "initial")
    try Self.writeWeights(to: initial, job: job)
    // Nobody listens yet: workers wait for it.
    let nodes = try tables[..<2].map { try Self.node(flower, $0.name, $0.rows, job: job) }
    defer { for node in nodes { node.cancel() } }
    let settings = [("rounds", "2"), ("nodes", "2"), ("local-epochs", "2"), ("initial", "\"\(initial.path)\"")]
    try await flower.startSuperLink()
    let first = try await flower.run(settings)
    try flower.killSuperLink()
    try FileManager.default.removeItem(at: flower.folder.appending(path: "output"))
    try await flower.startSuperLink()
    let second = try await flower.run(settings)
    #expect(first.evaluate.count == 2)
    for (round, figures) in first.evaluate {
      // The same seeds and rows; what is left is the order of two summands.
      let (a, b) = (try #require(figures["loss"]), try #require(second.evaluate[round]?["loss"]))
      #expect(abs(a - b) < 1e-5)
    }
    let key = flower.folder.appending(path: "key.pem").path
    try FlowerKeys.write(to: key)
    let stranger = try FleetNode(
      address: flower.address, trust: .insecure, key: try .load(from: key), logger: Federations.quiet
    ) { _ in .error(code: 2, reason: "never asked") }
    await #expect(throws: FlowerError.unknownKey(address: flower.address)) { try await stranger.run() }
  }
}
