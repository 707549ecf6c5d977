import Arithmetic
import Coordination
import Crypto
import Datasets
import Federation
import Foundation
import Learning
import Links
import Logging
import Paillier
import SecureAggregation
import Tensors
import Testing

/// Small federations in memory for tests: three workers with rows of two classes that a line parts.
enum Federations {
  static let quiet: Logger = {
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    logger.logLevel = .critical
    return logger
  }()

  /// Rows around ±1 in four dimensions.
  static func rows(_ count: Int, seed: UInt64) throws -> Dataset {
    var random = SeedTree(seed: seed).generator()
    var scalars: [Float] = []
    var classes: [Int] = []
    for row in 0..<count {
      classes.append(row % 2)
      for _ in 0..<4 { scalars.append(Float(random.uniform() * 2 - 1) + (row % 2 == 0 ? 0.5 : -0.5)) }
    }
    return try Dataset(
      name: "blobs", source: "made for a test", features: Tensor(shape: [count, 4], scalars: scalars),
      targets: .classes(classes, count: 2))
  }

  /// Workers a, b, c … with 20, 30, 40 … rows.
  static func tables(_ count: Int = 3) throws -> [(name: String, rows: WorkerRows)] {
    try (0..<count).map { index in
      (
        String(UnicodeScalar(UInt8(97 + index))),
        .memory(
          .tensors(
            train: try rows(20 + 10 * index, seed: UInt64(index)), test: try rows(10, seed: UInt64(100 + index))))
      )
    }
  }

  /// A job for them; `federated` are the keys of that part.
  static func job(_ federated: String, workers: Int = 3, optimizer: String = "{sgd: {learningRate: 0.1}}") -> String {
    """
    model: {layers: [{dense: 8}, relu, {dense: 2}, softmax]}
    data: {set: iris}
    training: {batch: 8, loss: softmaxCrossEntropy, optimizer: \(optimizer), seed: 5}
    mode: federated
    federated: {workers: \(workers), \(federated)}
    """
  }

  static func database(largestRow: Int = 1 << 20) throws -> RunDatabase {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return try RunDatabase(path: folder.path + "/run.sqlite", largestRow: largestRow)
  }

  static let policy = WorkerPolicy(smallestCohort: 1, aggregations: Set(Aggregation.allCases))

  /// The weights after one round: local training of each contributor by hand, averaged by examples in double precision.
  static func averaged(_ text: String, workers: Int, contributors: [String]) throws -> [Float] {
    let job = try Job.parse(text)
    guard let federated = job.federated else { return [] }
    let description = try ModelDescription(layers: job.model.layers, inputShape: [4])
    var weights = try WeightLayout(description).flatten(
      description.initialWeights(seed: SeedTree(seed: 5).child("weights")))
    var sum = [Double](repeating: 0, count: weights.count)
    var total = 0.0
    for (name, rows) in try tables(workers) where contributors.contains(name) {
      guard case .memory(.tensors(let train, _)) = rows else { continue }
      let trainer = try LocalTrainer(
        description, LocalSettings(job.training, federated), rule: LocalRule(federated.strategy),
        features: train.features, targets: train.targets.tensor)
      let update = try trainer.train(LocalTask(worker: name, round: 1, weights: weights))
      for index in sum.indices { sum[index] += Double(update.vector[index]) * Double(train.rowCount) }
      total += Double(train.rowCount)
    }
    for index in sum.indices { weights[index] += Float(sum[index] / total) }
    return weights
  }

  /// Runs a job from begin to end and gives what its owner gets, and all rounds.
  static func run(
    _ text: String, tables: [(name: String, rows: WorkerRows)]? = nil, database: RunDatabase? = nil,
    recorder: RunRecorder? = nil, policy: WorkerPolicy = policy, shares: [KeyShare] = [],
    hasParties: Bool = false, budget: PrivacyBudgetSource? = nil
  ) async throws -> (outcome: JobOutcome, weights: [Float], rounds: [RoundRecord]) {
    let federation = await MemoryFederation(
      tables: try tables ?? self.tables(), policy: policy, shares: shares, hasParties: hasParties,
      database: try database ?? self.database(),
      recorder: recorder, budget: budget, logger: quiet)
    let link = await federation.submitter()
    var rounds: [RoundRecord] = []
    do {
      let result = try await Submission(link).run(text, seed: 5) { news in
        if case .round(let record) = news { rounds.append(record) }
      }
      await federation.stop()
      return (result.outcome, result.weights, rounds)
    } catch {
      await federation.stop()
      throw error
    }
  }

  /// Runs a job whose coordinator is gone after some rounds, and another one takes over its state: what its owner gets, and the job.
  static func interrupted(
    _ text: String, after rounds: Int, _ database: RunDatabase
  ) async throws -> (result: (outcome: JobOutcome, weights: [Float]), job: String) {
    let first = await MemoryFederation(tables: try tables(), policy: policy, database: database, logger: quiet)
    let link = await first.submitter()
    let (jobs, entry) = AsyncStream.makeStream(of: String.self)
    let watching = Task {
      _ = try? await Submission(link).run(text, seed: 5) { news in
        if case .accepted(let job) = news { entry.yield(job) }
        if case .round(let record) = news, record.round >= rounds { entry.finish() }
      }
    }
    var job = ""
    for await name in jobs { job = name }
    await first.stop()
    watching.cancel()
    #expect(try database.rounds(of: job).count >= rounds)
    let second = await MemoryFederation(
      tables: try tables(), policy: policy, database: try RunDatabase(path: database.path), logger: quiet)
    let result = try await Submission(await second.submitter()).run(text, seed: 5, id: job) { _ in }
    await second.stop()
    return (result, job)
  }
}
