import Arithmetic
import Coordination
import Crypto
import Datasets
import Federation
import Flower
import Foundation
import Learning
import SecureAggregation
import Tensors
import Testing

/// Masked sums of Flower workers, driven by hand with our own server's half.
@Suite struct FlowerMaskedTests {
  static let job = Federations.job(
    "rounds: 3, localEpochs: 2, aggregation: masked, minimumClients: 3", workers: 4)

  /// Workers a, b, c … who know each other's keys.
  private struct Members {
    let keys: [String: P256.Signing.PrivateKey]
    let workers: [String: FlowerWorker]
    let tables: [(name: String, rows: WorkerRows)]

    var names: [String] { keys.keys.sorted() }
    var roster: Roster {
      Dictionary(uniqueKeysWithValues: keys.map { (ClientID($0.key), $0.value.publicKey) })
    }

    init(_ count: Int, job: String = FlowerMaskedTests.job, policy: WorkerPolicy = WorkerPolicy()) throws {
      tables = try Federations.tables(count)
      let keys = Dictionary(uniqueKeysWithValues: tables.map { ($0.name, P256.Signing.PrivateKey()) })
      let roster = Dictionary(uniqueKeysWithValues: keys.map { (ClientID($0.key), $0.value.publicKey) })
      var workers: [String: FlowerWorker] = [:]
      for (name, rows) in tables {
        workers[name] = try FlowerWorker(
          name: name, rows: rows, policy: policy, job: job,
          masking: FlowerMasking(key: try #require(keys[name]), roster: roster), logger: Federations.quiet)
      }
      (self.keys, self.workers) = (keys, workers)
    }
  }

  private static func layout(_ text: String = job) throws -> (ModelDescription, WeightLayout, [Float]) {
    let description = try ModelDescription(layers: try Job.parse(text).model.layers, inputShape: [4])
    let layout = WeightLayout(description)
    return (
      description, layout, try layout.flatten(description.initialWeights(seed: SeedTree(seed: 5).child("weights")))
    )
  }

  private static func message(_ type: String, _ records: [(String, Record)]) throws -> FlowerMessage {
    FlowerMessage(
      metadata: FlowerMetadata(runID: 1, source: 1, destination: 2, type: type, createdAt: 0, timeToLive: 3600),
      content: .records(try Entries(records)))
  }

  private static func question(_ type: String, rows: Int64? = 100) throws -> FlowerMessage {
    let (_, layout, weights) = try layout()
    var config: [(String, RecordValue)] = [("server-round", .integer(1))]
    if let rows { config.append(("tacit-most-rows", .integer(rows))) }
    return try message(
      type,
      [("arrays", .arrays(try FlowerWorkerTests.arrays(weights, layout))), ("config", .config(try Entries(config)))])
  }

  private static func stage(_ bytes: [UInt8], of count: Int) throws -> FlowerMessage {
    try message(
      "query",
      [
        (
          "tacit-stage", .config(try Entries([("message", .bytes(bytes)), ("clients", .integer(Int64(count)))]))
        )
      ])
  }

  private static func config(_ name: String, _ content: FlowerMessage.Content) -> Entries<RecordValue>? {
    guard case .records(let records) = content, records.count == 1, case .config(let config)? = records[name] else {
      return nil
    }
    return config
  }

  private static func reason(_ content: FlowerMessage.Content) -> String {
    if case .error(2, let reason) = content { return reason }
    return ""
  }

  private static func context(_ said: Entries<RecordValue>) throws -> [UInt8] {
    guard case .bytes(let bytes)? = said["context"] else { throw CancellationError() }
    return bytes
  }

  private struct Outcome {
    var result: AggregationResult?
    /// Of workers that refused a stage.
    var reasons: [String: String] = [:]
    var said: Entries<RecordValue>
  }

  /// One question to all and the sum that follows. `dropping` workers answer no more from a stage on; `tamper` changes what is relayed.
  private static func run(
    _ members: Members, _ type: String, rows: [String: Int64] = [:], dropping: [String: MessageKind] = [:],
    tamper: (MessageKind, String, inout [UInt8]) -> Void = { _, _, _ in }
  ) async throws -> Outcome {
    var said: [Entries<RecordValue>] = []
    for name in members.names {
      let answer = try await #require(members.workers[name]).answer(try question(type, rows: rows[name] ?? 100))
      said.append(try #require(config("tacit-sum", answer), "\(answer)"))
    }
    let first = try #require(said.first)
    guard case .integers(let counts)? = first["counts"] else { throw CancellationError() }
    let plan = try AggregationPlan(
      clientCount: members.names.count, vectorLength: Int(counts.reduce(0, +)),
      valueBits: try #require(first["bits"]?.whole), minimumClients: try #require(first["minimum"]?.whole),
      context: try context(first))
    var server = try AggregationServer(
      plan: plan, roster: members.roster, cohort: members.names.map { ClientID($0) })
    var outcome = Outcome(said: first)
    var messages = server.begin()
    var gone: Set<String> = []
    while let expected = server.expected {
      for (client, message) in messages.sorted(by: { $0.key < $1.key }) {
        if dropping[client.name] == expected { gone.insert(client.name) }
        guard !gone.contains(client.name) else { continue }
        var bytes = message.bytes
        tamper(expected, client.name, &bytes)
        let answer = try await #require(members.workers[client.name]).answer(try stage(bytes, of: plan.clientCount))
        if case .bytes(let reply)? = config("tacit-stage", answer)?["message"] {
          server.accept(reply, from: client)
        } else {
          outcome.reasons[client.name] = reason(answer)
        }
      }
      do {
        switch try server.advance() {
        case .ask(let next): messages = next
        case .finished(let result): outcome.result = result
        }
      } catch { break }
    }
    return outcome
  }

  /// What the named workers' open updates add up to in fixed point: weighted, rounded and shifted by hand.
  private static func openSum(_ members: Members, of names: [String], bits: Int) throws -> [UInt64] {
    let (description, layout, weights) = try layout()
    let job = try Job.parse(job)
    let federated = try #require(job.federated)
    let limit = Double((1 << (bits - 1)) - 1)
    var sum = [UInt64](repeating: 0, count: layout.count + 2)
    for (name, rows) in members.tables where names.contains(name) {
      guard case .memory(.tensors(let train, _)) = rows else { continue }
      let trainer = try LocalTrainer(
        description, LocalSettings(job.training, federated), rule: LocalRule(.fedAvg), features: train.features,
        targets: train.targets.tensor)
      let update = try trainer.train(LocalTask(worker: name, round: 1, weights: weights))
      let weight = Float(Double(train.rowCount) / 100)
      for (index, value) in update.vector.enumerated() {
        sum[index] += UInt64((Double(value * weight) * (limit / federated.valueRange)).rounded() + limit)
      }
      let loss = Float(Double(train.rowCount) / 100 * min(update.loss, 64) / 64)
      sum[layout.count] += UInt64((Double(weight) * limit).rounded() + limit)
      sum[layout.count + 1] += UInt64((Double(loss) * limit).rounded() + limit)
    }
    return sum
  }

  /// Oracle: the same workers' open updates, added in fixed point by hand. A worker that leaves after it has shared its secrets, and one
  /// that leaves after its masked update went out, do not spoil the sum.
  @Test(arguments: [nil, MessageKind.shares, .maskedInput, .agreement])
  func theSumIsExactlyThatOfOpenUpdates(leaving: MessageKind?) async throws {
    let members = try Members(4)
    let outcome = try await Self.run(members, "train", dropping: leaving.map { ["b": $0] } ?? [:])
    let bits = try #require(outcome.said["bits"]?.whole)
    let result = try #require(outcome.result)
    // Whose update is in the sum before it leaves stays in it.
    let isInside = leaving == nil || leaving == .agreement
    #expect(result.contributors.map(\.name) == (isInside ? ["a", "b", "c", "d"] : ["a", "c", "d"]))
    #expect(result.sum == (try Self.openSum(members, of: result.contributors.map(\.name), bits: bits)))
    #expect(outcome.reasons.isEmpty)
  }

  /// Nothing of an update is in what goes back before the sum: the same words for other rows.
  @Test func whatIsSaidBeforeTheSumTellsNoRows() async throws {
    let members = try Members(4)
    var said: [[RecordValue?]] = []
    for name in ["a", "b"] {
      let answer = try await #require(members.workers[name]).answer(try Self.question("train"))
      let config = try #require(Self.config("tacit-sum", answer))
      #expect(config["name"] == .string(name))
      #expect(
        config.names.sorted() == [
          "arrays", "bits", "context", "counts", "key", "kind", "minimum", "name", "offset", "steps",
        ])
      said.append(["arrays", "bits", "context", "counts", "kind", "minimum", "offset", "steps"].map { config[$0] })
    }
    #expect(said[0] == said[1])
  }

  /// Oracle: the judge of federated rounds, worker by worker.
  @Test func judgementIsASumToo() async throws {
    let members = try Members(3)
    let outcome = try await Self.run(members, "evaluate")
    let result = try #require(outcome.result)
    guard case .doubles(let steps)? = outcome.said["steps"], let offset = outcome.said["offset"]?.whole else {
      throw CancellationError()
    }
    let (description, layout, weights) = try Self.layout()
    var expected = [0.0, 0, 0, 0]
    for (_, rows) in members.tables {
      guard case .memory(.tensors(_, let test)) = rows else { continue }
      let sums = try Evaluator(
        description, loss: .softmaxCrossEntropy, hasClasses: true, features: test.features,
        targets: test.targets.tensor
      ).sums(layout.weights(weights))
      for index in 0..<4 { expected[index] += sums[index] }
    }
    for index in 0..<4 {
      let value = (Double(result.sum[index]) - Double(3 * offset)) * steps[index]
      // Each worker rounds to the nearest step.
      #expect(abs(value - expected[index]) <= 1.5 * steps[index])
    }
  }

  /// A SuperLink that puts another key in a worker's place is found out by all others, whoever signed it.
  @Test func aTamperedRelayedKeyIsRefused() async throws {
    let members = try Members(4)
    let outcome = try await Self.run(members, "train") { stage, name, bytes in
      // After the header and a byte of who is present: 160 bytes of a, then those of b.
      if stage == .shares, name != "b" { bytes[18 + 1 + 160] ^= 1 }
    }
    #expect(outcome.result == nil)
    #expect(outcome.reasons.keys.sorted() == ["a", "c", "d"])
    for reason in outcome.reasons.values { #expect(reason.contains("is not signed by b with the key of the roster")) }
  }

  /// A ServerApp that gives three workers a bound under which their updates round to nothing, to see the fourth one's: no two workers
  /// that were asked different things add up.
  @Test func aQuestionOfAnotherKindThanTheOthersIsFoundOut() async throws {
    let members = try Members(4)
    let outcome = try await Self.run(members, "train", rows: ["d": 1 << 30])
    #expect(outcome.reasons.keys.sorted() == ["d"])
    #expect(outcome.reasons["d"]?.contains("another plan") == true)
    #expect(outcome.result?.contributors.map(\.name) == ["a", "b", "c"])
  }

  @Test func aSumOfOthersThanAgreedIsRefused() async throws {
    let members = try Members(4, policy: WorkerPolicy(smallestCohort: 3))
    let worker = try #require(members.workers["a"])
    _ = await worker.answer(try Self.question("train"))
    #expect(Self.reason(await worker.answer(try Self.stage([1, 1], of: 2))).contains("the policy wants at least 3"))
    #expect(Self.reason(await worker.answer(try Self.stage([1, 1], of: 4))).contains("the sum is over here"))
    let stranger = P256.Signing.PrivateKey()
    let names: [ClientID] = ["a", "b", "mallory"]
    var roster = members.roster
    roster["mallory"] = stranger.publicKey
    let said = try #require(Self.config("tacit-sum", await worker.answer(try Self.question("train"))))
    guard case .integers(let counts)? = said["counts"] else { throw CancellationError() }
    let plan = try AggregationPlan(
      clientCount: 3, vectorLength: Int(counts.reduce(0, +)), valueBits: try #require(said["bits"]?.whole),
      minimumClients: 3, context: try Self.context(said))
    var server = try AggregationServer(plan: plan, roster: roster, cohort: names)
    let first = try #require(server.begin()["a"]).bytes
    #expect(
      Self.reason(await worker.answer(try Self.stage(first, of: 3))).contains("mallory does not belong"))
  }

  @Test func whatCannotBeSummedIsRefusedInOneSentence() async throws {
    let key = P256.Signing.PrivateKey()
    let alone = FlowerMasking(key: key, roster: ["b": key.publicKey])
    let rows = try Federations.tables()[0].rows
    func worker(_ masking: FlowerMasking?, _ policy: WorkerPolicy = WorkerPolicy()) throws -> FlowerWorker {
      try FlowerWorker(
        name: "a", rows: rows, policy: policy, job: Self.job, masking: masking, logger: Federations.quiet)
    }
    let whole = FlowerMasking(key: key, roster: ["a": key.publicKey])
    let cases: [(FlowerWorker, FlowerMessage, String)] = [
      (try worker(nil), try Self.question("train"), "start the worker with --identity"),
      (try worker(alone), try Self.question("train"), "start the worker with --identity"),
      (try worker(whole), try Self.question("train", rows: nil), "send tacit-most-rows"),
      (try worker(whole), try Self.question("evaluate", rows: nil), "send tacit-most-rows"),
      (try worker(whole), try Self.question("train", rows: 10), "is above the job's limit of 10"),
      (try worker(whole), try Self.question("query"), "must be a stage of a masked sum"),
      (try worker(whole), try Self.stage([1], of: 3), "before train or evaluate"),
      (try worker(whole, WorkerPolicy(aggregations: [.open])), try Self.question("train"), "the policy accepts open"),
      (try worker(whole, WorkerPolicy(smallestCohort: 4)), try Self.question("train"), "the policy wants at least 4"),
    ]
    for (worker, message, words) in cases {
      let reason = Self.reason(await worker.answer(message))
      #expect(reason.contains(words), "\(reason)")
      #expect(!reason.contains("\n"))
    }
  }

  /// A bound that a ServerApp could change would tell by refusals how many rows a worker has.
  @Test func theBoundOfRowsIsSaidOnce() async throws {
    let key = P256.Signing.PrivateKey()
    let worker = try FlowerWorker(
      name: "a", rows: try Federations.tables()[0].rows, policy: WorkerPolicy(), job: Self.job,
      masking: FlowerMasking(key: key, roster: ["a": key.publicKey]), logger: Federations.quiet)
    for kind in ["train", "evaluate"] {
      #expect(Self.config("tacit-sum", await worker.answer(try Self.question(kind))) != nil)
      let other = await worker.answer(try Self.question(kind, rows: 77))
      #expect(Self.reason(other).contains("was another number before"))
    }
  }

  /// Each adds a part of the noise: the mean of three has the deviation that the job's multiplier gives three. 58 weights in 8 sums
  /// give a deviation within 20 % but once in 10⁸ runs (six deviations of the estimate).
  @Test func noiseAddsUpUnderMasks() async throws {
    let text = Self.job + "\nprivacy: {unit: client, clip: 0.5, noiseMultiplier: 2, delta: 1e-5, accountant: rdp}"
    let members = try Members(4, job: text)
    var (squares, count, kind) = (0.0, 0, "")
    for _ in 0..<8 {
      let outcome = try await Self.run(members, "train")
      let result = try #require(outcome.result)
      guard case .doubles(let steps)? = outcome.said["steps"], let offset = outcome.said["offset"]?.whole else {
        throw CancellationError()
      }
      kind = outcome.said["kind"]?.text ?? ""
      for word in result.sum {
        let value = (Double(word) - Double(4 * offset)) * steps[0]
        squares += value * value
      }
      count += result.sum.count
    }
    #expect(kind == "mean" && count == 8 * 58)
    // Noise for three contributors, of whom there were four, over a mean of four: z · C · √(4/3) / 4; updates themselves add little.
    let deviation = (squares / Double(count)).squareRoot()
    let expected = 2 * 0.5 * (4.0 / 3).squareRoot() / 4
    #expect(abs(deviation / expected - 1) < 0.2, "\(deviation) and \(expected)")
  }
}
