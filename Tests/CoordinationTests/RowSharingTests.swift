import Arithmetic
import Coordination
import Datasets
import Foundation
import Learning
import Serving
import Tensors
import Testing

/// Workers share their rows among parties in memory, which train on them.
@Suite struct RowSharingTests {
  private let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-rows-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  private static let names = ["a", "b", "c"]

  private func job(reveal: String = "[model]", workers: [String] = names, privacy: String = "") -> String {
    privacy + """

      model: {layers: [{dense: 6}, relu, {dense: 1}, sigmoid]}
      data: {target: label, test: 0.25, ranges: {x: [0, 1], y: [0, 1]}, categories: {label: ['no', 'yes']}}
      training: {epochs: 2, batch: 16, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.3, momentum: 0.9}}, seed: 3}
      mode: encrypted
      coordinator: wss://127.0.0.1:9200
      cluster: cluster.yaml
      encrypted: {reveal: \(reveal), deadlineSeconds: 15, owners: [\(workers.map { "{worker: \($0)}" }.joined(separator: ", "))]}
      """
  }

  private func tables() throws -> [(name: String, rows: WorkerRows)] {
    var random = SeedTree(seed: 21).generator()
    return try Self.names.enumerated().map { index, name in
      var text = "x,y,label\n"
      for _ in 0..<20 + 8 * index {
        let (x, y) = (random.uniform(), random.uniform())
        text += "\(x),\(y),\(x + y > 1 ? "yes" : "no")\n"
      }
      let path = "\(folder)/\(name).csv"
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      return (name, .table(path: path))
    }
  }

  private func relay(_ policy: WorkerPolicy, _ parties: MemoryRows) async throws -> Relay {
    await Relay(
      workers: try tables(), altered: [], database: try Federations.database(), policy: policy, rowParties: parties
    ) { message, _ in [message] }
  }

  private static func policy(_ reveals: Set<Job.EncryptedPart.Revealed>?) -> WorkerPolicy {
    WorkerPolicy(columns: ["x", "y", "label"], smallestCohort: 3, rowsInShares: reveals)
  }

  /// The same program on the rows of all, pooled in one process: within the bound of two runs on shares, 2^-11 after few steps.
  @Test func threeWorkersReachThePooledTraining() async throws {
    let parties = MemoryRows()
    let relay = try await relay(Self.policy([.model]), parties)
    let job = try Job.parse(job())
    let counts = try await RowRequest(job, text: self.job(), fingerprints: parties.fingerprints)
      .run(over: await relay.owner())
    #expect(counts.rows == [15, 21, 27] && counts.testRows == [5, 7, 9])
    #expect(try await parties.rowCounts(of: job) == counts.rows)

    let own = try Self.names.map { try PreparedJob(job, environment: [:], part: .table("\(folder)/\($0).csv")) }
    let pooled = try Dataset(
      name: "pooled", source: "all", features: Tensor.concatenated(own.map { $0.data.train.features }, axis: 0),
      targets: .binary(Tensor.concatenated(own.map(\.targets), axis: 0)))
    let prepared = try PreparedJob(
      job, PreparedDataset(train: pooled, test: own[0].data.test, preprocessing: own[0].data.preprocessing),
      ownerRows: [63], ownerTestRows: [0])
    let program = try TrainingProgram(prepared)
    let weights = prepared.description.initialWeights(seed: SeedTree(seed: 3).child("weights")).byName
    let expected = try await MemoryTraining.train(
      program, scheme: .replicated, weights: weights, prepared: prepared, deadline: .seconds(60), waiting: { _ in },
      progress: { _ in })
    let nobody = try PreparedJob(job, environment: [:], part: .none)
    let answer = try await parties.train(try TrainingProgram(nobody, rows: 63), job, weights: weights)
    for name in program.weightNames {
      let pairs = zip(answer.weights[name]?.scalars ?? [], expected.weights[name]?.scalars ?? [])
      #expect(pairs.allSatisfy { abs($0 - $1) < 0x1p-11 }, "\(name)")
      #expect(answer.weights[name]?.scalars != weights[name]?.scalars)
    }
    // A training uses the rows up.
    #expect(try await parties.rowCounts(of: job) == [0, 0, 0])
    for task in relay.tasks { task.cancel() }
  }

  /// A policy that bounds ε bounds that of rows in shares: a training without privacy, or with more, gets none.
  @Test(arguments: [("", "no privacy of rows"), ("3", "asks for ε = 2.99"), ("1.5", "")])
  func aPolicyBoundsEpsilon(asked: String, reason: String) async throws {
    let policy = WorkerPolicy(smallestCohort: 3, largestEpsilon: 2, rowsInShares: [.model])
    let text = job(
      privacy: asked.isEmpty ? "" : "privacy: {unit: example, clip: 1.0, targetEpsilon: \(asked), delta: 1e-5}\n")
    let parties = MemoryRows()
    let relay = try await relay(policy, parties)
    let request = RowRequest(try Job.parse(text), text: text, fingerprints: parties.fingerprints)
    if reason.isEmpty {
      #expect(try await request.run(over: await relay.owner()).rows == [15, 21, 27])
    } else {
      let failure = await #expect(throws: JobFailure.self) { _ = try await request.run(over: await relay.owner()) }
      #expect(failure?.exitCode == 4 && failure?.reason.contains(reason) == true, "\(failure?.reason ?? "none")")
    }
    for task in relay.tasks { task.cancel() }
  }

  /// Each refusal has its reason and exit code 4, and no rows are anywhere.
  @Test func aPolicyRefusesWithItsReason() async throws {
    let two = job(workers: ["a", "b"])
    let narrow = WorkerPolicy(columns: ["x", "label"], smallestCohort: 3, rowsInShares: [.model])
    for (policy, text, reason) in [
      (Self.policy(nil), job(), "rowsInShares"),
      (Self.policy([.model]), job(reveal: "[loss, model]"), "reveals the loss"),
      (Self.policy([.model]), two, "at least 3"), (narrow, job(), "the column y"),
    ] {
      let parties = MemoryRows()
      let relay = try await relay(policy, parties)
      let job = try Job.parse(text)
      let failure = await #expect(throws: JobFailure.self) {
        _ = try await RowRequest(job, text: text, fingerprints: parties.fingerprints).run(over: await relay.owner())
      }
      #expect(failure?.exitCode == 4 && failure?.reason.contains(reason) == true, "\(failure?.reason ?? "none")")
      #expect(try await parties.rowCounts(of: job).allSatisfy { $0 == 0 })
      for task in relay.tasks { task.cancel() }
    }
    let parties = MemoryRows()
    let relay = try await relay(Self.policy([.model]), parties)
    let failure = await #expect(throws: JobFailure.self) {
      _ = try await RowRequest(try Job.parse(job()), text: job(), fingerprints: [[1], [2], [3]])
        .run(over: await relay.owner())
    }
    #expect(failure?.exitCode == 4 && failure?.reason.contains("other parties") == true)
    for task in relay.tasks { task.cancel() }
  }
}
