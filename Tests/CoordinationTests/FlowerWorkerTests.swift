import Arithmetic
import Coordination
import Datasets
import Federation
import Flower
import Foundation
import Learning
import Privacy
import PrivacyLedger
import Tensors
import Testing

/// A Flower worker asked by hand.
@Suite struct FlowerWorkerTests {
  private static func worker(
    job: String?, policy: WorkerPolicy = Federations.policy, rows: Int = 20
  ) throws -> (worker: FlowerWorker, train: Dataset, test: Dataset) {
    let (train, test) = (try Federations.rows(rows, seed: 0), try Federations.rows(10, seed: 100))
    let worker = try FlowerWorker(
      name: "a", rows: .memory(.tensors(train: train, test: test)), policy: policy, job: job, logger: Federations.quiet)
    return (worker, train, test)
  }

  static let open = Federations.job("rounds: 3, localEpochs: 2, aggregation: open, minimumClients: 2")

  private static func layout(_ text: String = open) throws -> (ModelDescription, WeightLayout, [Float]) {
    let description = try ModelDescription(layers: try Job.parse(text).model.layers, inputShape: [4])
    let layout = WeightLayout(description)
    return (
      description, layout, try layout.flatten(description.initialWeights(seed: SeedTree(seed: 5).child("weights")))
    )
  }

  static func arrays(_ flat: [Float], _ layout: WeightLayout) throws -> Entries<FlowerArray> {
    try Entries(
      layout.entries.map { entry in
        let tensor = Tensor(shape: entry.shape, scalars: Array(flat[entry.offset..<entry.offset + entry.shape.count]))
        return (
          entry.name, FlowerArray(type: "float32", shape: entry.shape.extents, data: NPY.bytes(of: tensor))
        )
      })
  }

  private static func message(
    _ type: String, run: UInt64 = 1, _ arrays: Entries<FlowerArray>, _ config: [(String, RecordValue)]
  ) throws -> FlowerMessage {
    FlowerMessage(
      metadata: FlowerMetadata(runID: run, source: 1, destination: 2, type: type, createdAt: 0, timeToLive: 3600),
      content: .records(try Entries([("arrays", .arrays(arrays)), ("config", .config(try Entries(config)))])))
  }

  private static func message(
    _ type: String, run: UInt64 = 1, round: Int64 = 1, more: [(String, RecordValue)] = [], job text: String = open
  ) throws -> FlowerMessage {
    let (_, layout, weights) = try layout(text)
    return try message(type, run: run, arrays(weights, layout), [("server-round", .integer(round))] + more)
  }

  private static func records(_ content: FlowerMessage.Content) throws -> Entries<Record> {
    guard case .records(let records) = content else {
      Issue.record("\(content)")
      return Entries()
    }
    return records
  }

  private static func reason(_ content: FlowerMessage.Content) -> String {
    if case .error(2, let reason) = content { return reason }
    return ""
  }

  private static func flat(_ records: Entries<Record>, _ layout: WeightLayout) throws -> [Float] {
    guard case .arrays(let arrays)? = records["arrays"] else { return [] }
    return try layout.entries.flatMap { try NPY.parse(try #require(arrays[$0.name]).data).scalars }
  }

  private static func metric(_ name: String, _ records: Entries<Record>) -> Double? {
    guard case .metrics(let metrics)? = records["metrics"] else { return nil }
    return metrics[name]?.number
  }

  /// Oracle: the trainer of federated rounds by hand.
  @Test func trainsAsInARoundOfOurs() async throws {
    let (worker, train, _) = try Self.worker(job: Self.open)
    let (description, layout, weights) = try Self.layout()
    let records = try Self.records(await worker.answer(try Self.message("train", round: 2)))
    let job = try Job.parse(Self.open)
    let trainer = try LocalTrainer(
      description, LocalSettings(job.training, try #require(job.federated)), rule: LocalRule(.fedAvg),
      features: train.features, targets: train.targets.tensor)
    let update = try trainer.train(LocalTask(worker: "a", round: 2, weights: weights))
    #expect(try Self.flat(records, layout) == zip(weights, update.vector).map { $0 + $1 })
    #expect(Self.metric("num-examples", records) == 20)
    #expect(Self.metric("loss", records) == update.loss)
    #expect(records.names == ["arrays", "metrics"])
  }

  /// Oracle: the same job written with other numbers.
  @Test func settingsOfAMessageReplaceThoseOfTheJob() async throws {
    let (worker, _, _) = try Self.worker(job: nil)
    let other = Federations.job(
      "rounds: 3, localEpochs: 1, aggregation: open, minimumClients: 2", optimizer: "{sgd: {learningRate: 0.25}}"
    ).replacingOccurrences(of: "batch: 8", with: "batch: 5")
    let set = try Self.message(
      "train",
      more: [
        ("tacit-job", .string(Self.open)), ("local-epochs", .integer(1)), ("batch-size", .integer(5)),
        ("lr", .double(0.25)),
      ])
    let written = try Self.message("train", run: 2, more: [("tacit-job", .string(other))])
    let (first, second) = (try Self.records(await worker.answer(set)), try Self.records(await worker.answer(written)))
    #expect(first == second)
    #expect(first.count == 2)
  }

  /// Oracle: the judge of federated rounds.
  @Test func judgesTheRowsThatItKeepsBack() async throws {
    let (worker, _, test) = try Self.worker(job: Self.open)
    let (description, layout, weights) = try Self.layout()
    let records = try Self.records(await worker.answer(try Self.message("evaluate")))
    let sums = try Evaluator(
      description, loss: .softmaxCrossEntropy, hasClasses: true, features: test.features, targets: test.targets.tensor
    ).sums(layout.weights(weights))
    #expect(Self.metric("num-examples", records) == 10)
    #expect(Self.metric("loss", records) == sums[1] / 10)
    #expect(Self.metric("accuracy", records) == sums[2] / 10)
    #expect(records.names == ["metrics"])
  }

  @Test func whatIsNotForItIsRefusedInOneSentence() async throws {
    let (worker, _, _) = try Self.worker(job: Self.open)
    let (_, layout, weights) = try Self.layout()
    let round: [(String, RecordValue)] = [("server-round", .integer(1))]
    let arrays = try Self.arrays(weights, layout)
    let renamed = try Entries(arrays.map { ($0.name == "dense1.bias" ? "fc1.bias" : $0.name, $0.value) })
    let fewer = try Entries(arrays.filter { $0.name != "dense2.bias" }.map { ($0.name, $0.value) })
    let reshaped = try Entries(
      arrays.map { entry in
        (
          entry.name,
          entry.name == "dense1.bias"
            ? FlowerArray(type: "float32", shape: [4], data: NPY.bytes(of: Tensor(shape: [4], scalars: [0, 0, 0, 0])))
            : entry.value
        )
      })
    let pickled = try Entries(
      arrays.map { ($0.name, FlowerArray(type: "float32", shape: $0.value.shape, container: "pickle", data: [])) })
    let cases: [(FlowerMessage, String)] = [
      (try Self.message("query"), "must be a stage of a masked sum"),
      (try Self.message("train.other"), "trains, evaluates"),
      (try Self.message("train", arrays, []), "server-round"),
      (try Self.message("train", arrays, [("server-round", .integer(0))]), "server-round"),
      (try Self.message("train", arrays, round + [("proximal-mu", .double(1))]), "proximal-mu is none"),
      (try Self.message("train", arrays, round + [("lr", .double(-1))]), "lr must be"),
      (try Self.message("train", arrays, round + [("tacit-job", .string("x"))]), "another job"),
      (try Self.message("train", renamed, round), "fc1.bias is no weight"),
      (try Self.message("train", fewer, round), "dense2.bias, a weight of the job's model, is missing"),
      (try Self.message("train", reshaped, round), "dense1.bias has shape"),
      (try Self.message("train", pickled, round), "no numpy.ndarray"),
    ]
    for (message, words) in cases {
      let reason = Self.reason(await worker.answer(message))
      #expect(reason.contains(words), "\(reason)")
      #expect(!reason.contains("\n"))
    }
    // It stays, and answers what comes next.
    #expect(try Self.records(await worker.answer(try Self.message("train"))).count == 2)
  }

  @Test func thePolicyHolds() async throws {
    let masked = Federations.job("rounds: 3, aggregation: masked, minimumClients: 3")
    let careful = WorkerPolicy(smallestCohort: 3)
    let cases: [(job: String, policy: WorkerPolicy, words: String)] = [
      (Self.open, careful, "it aggregates with open, and the policy accepts"),
      (masked, careful, "start the worker with --identity"),
      (Self.open, WorkerPolicy(smallestCohort: 3, aggregations: [.open]), "the policy wants at least 3"),
      (
        Self.open, WorkerPolicy(smallestCohort: 1, aggregations: [.open], largestEpsilon: 1),
        "it states no privacy of workers"
      ),
    ]
    for (job, policy, words) in cases {
      let (worker, _, _) = try Self.worker(job: job, policy: policy)
      let reason = Self.reason(await worker.answer(try Self.message("train")))
      #expect(reason.contains(words), "\(reason)")
    }
    let (worker, _, _) = try Self.worker(job: nil)
    #expect(Self.reason(await worker.answer(try Self.message("train"))).contains("names no job"))
    #expect(
      try Self.records(await worker.answer(try Self.message("train", more: [("tacit-job", .string(Self.open))]))).count
        == 2)
    let other = Self.open + "\n"
    #expect(
      Self.reason(await worker.answer(try Self.message("train", more: [("tacit-job", .string(other))])))
        .contains("changed its job"))
  }

  private static func privateJob(_ privacy: String) -> String {
    """
    model: {layers: [{dense: 64}, relu, {dense: 2}, softmax]}
    data: {set: mnist}
    training: {batch: 8, loss: softmaxCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}, seed: 5}
    mode: federated
    federated: {workers: 3, rounds: 3, aggregation: open, minimumClients: 2}
    privacy: {unit: client, delta: 1e-5, \(privacy)}
    """
  }

  /// The noise is the worker's own: 450 weights give a deviation within 20 % of the one that is accounted but once in 10⁸ runs
  /// (six deviations of the estimate). Oracle of the account: the accountant, asked by hand.
  @Test func noiseIsAddedHereAndAccountedHere() async throws {
    let text = Self.privateJob("clip: 0.5, noiseMultiplier: 2, accountant: rdp")
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString).sqlite").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let ledger = try PrivacyLedger(path: path)
    try ledger.declare(try PrivacyBudget(epsilon: 10, delta: 1e-5, accountant: .rdp), for: "a")
    let policy = WorkerPolicy(smallestCohort: 1, aggregations: [.open], largestEpsilon: 9, ledger: path)
    let (worker, _, _) = try Self.worker(job: text, policy: policy)
    let (_, layout, weights) = try Self.layout(text)
    let records = try Self.records(await worker.answer(try Self.message("train", job: text)))
    let moved = zip(try Self.flat(records, layout), weights).map { Double($0 - $1) }
    #expect(moved.count == 450)
    let deviation = (moved.reduce(0) { $0 + $1 * $1 } / Double(moved.count)).squareRoot()
    // The clipped update itself adds at most 0.5²/450 to a variance of 1.
    #expect(deviation > 0.8 && deviation < 1.2, "\(deviation)")
    #expect(Self.metric("num-examples", records) == 1)
    #expect(Self.metric("loss", records) == nil)
    let reserved = try ledger.entries().compactMap { entry -> PrivacyEvent? in
      if case .reserved(let event, _) = entry.body { return event }
      return nil
    }
    #expect(reserved.count == 1)
    guard case .repeated(_, count: 3)? = reserved.first else {
      Issue.record("\(reserved)")
      return
    }
    #expect(Self.reason(await worker.answer(try Self.message("evaluate", job: text))).contains("not covered"))
    #expect(
      Self.reason(await worker.answer(try Self.message("train", round: 4, job: text))).contains("beyond the job's"))
    // The round once more costs once more.
    _ = await worker.answer(try Self.message("train", job: text))
    #expect(try ledger.entries().count { if case .reserved = $0.body { true } else { false } } == 2)
  }

  /// Weights under which training diverges may have been chosen so that it does on some rows only: who is hidden answers as ever.
  @Test func divergenceIsHiddenToo() async throws {
    for (text, isHidden) in [
      (Self.open, false), (Self.privateJob("clip: 0.5, noiseMultiplier: 2, accountant: rdp"), true),
    ] {
      let (worker, _, _) = try Self.worker(job: text)
      let (_, layout, weights) = try Self.layout(text)
      let huge = try Self.arrays(weights.map { $0 < 0 ? -3e38 : 3e38 }, layout)
      let answer = await worker.answer(try Self.message("train", huge, [("server-round", .integer(1))]))
      if isHidden {
        #expect(try Self.flat(Self.records(answer), layout).allSatisfy { abs($0) == 3e38 })
      } else {
        #expect(Self.reason(answer).contains("diverge"), "\(answer)")
      }
    }
  }

  @Test func privacyThatCannotBeKeptHereIsRefused() async throws {
    let policy = WorkerPolicy(smallestCohort: 1, aggregations: [.open], largestEpsilon: 1)
    for (privacy, words) in [
      ("clip: 0.5, noiseMultiplier: 2", "must be rdp"),
      ("clip: 0.5, noiseMultiplier: 1, accountant: rdp", "the policy allows 1.0 at most"),
      ("clip: {adaptive: {norm: 0.5}}, noiseMultiplier: 9, accountant: rdp", "adapts"),
    ] {
      let text = Self.privateJob(privacy)
      let (worker, _, _) = try Self.worker(job: text, policy: policy)
      let reason = Self.reason(await worker.answer(try Self.message("train", job: text)))
      #expect(reason.contains(words), "\(reason)")
    }
  }
}
