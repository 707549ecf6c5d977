import Arithmetic
import Coordination
import Crypto
import Federation
import Foundation
import Identity
import Learning
import Links
import Logging
import NIOConcurrencyHelpers
import Privacy
import PrivacyLedger
import SecureAggregation
import Tensors
import Testing

/// Whole federations with `privacy: {unit: client}`, in memory.
@Suite struct ClientPrivacyTests {
  /// Three workers; `layers` decides how many weights there are.
  private static func job(
    _ federated: String, privacy: String = "unit: client, clip: 0.5, noiseMultiplier: 2, delta: 1e-5",
    layers: String = "[{dense: 8}, relu, {dense: 2}, softmax]", rate: Double = 0.1
  ) -> String {
    """
    model: {layers: \(layers)}
    data: {set: mnist}
    training: {batch: 8, loss: softmaxCrossEntropy, optimizer: {sgd: {learningRate: \(rate)}}, seed: 5}
    mode: federated
    federated: {workers: 3, \(federated)}
    privacy: {\(privacy)}
    """
  }

  private static func ledger(epsilon: Double, for dataset: String = "mnist") throws -> PrivacyLedger {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString).sqlite").path
    let ledger = try PrivacyLedger(path: path)
    try ledger.declare(try PrivacyBudget(epsilon: epsilon, delta: 1e-5, accountant: .rdp), for: dataset)
    return ledger
  }

  @Test func openRoundsTellNothingButTheModel() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-record-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let result = try await Federations.run(
      Self.job(
        "rounds: 4, aggregation: open, cohort: 0.67, minimumClients: 2",
        privacy: "unit: client, clip: {adaptive: {norm: 0.5}}, targetEpsilon: 6, delta: 1e-5"),
      recorder: try RunRecorder(folder: folder.path))
    let privacy = try #require(result.outcome.privacy)
    let byHand = try LossAccountant().epsilon(
      of: .repeated(.poissonSampled(rate: 0.67, .gaussian(noiseMultiplier: privacy.noiseMultiplier)), count: 4),
      delta: 1e-5)
    #expect(privacy.epsilon == byHand && byHand <= 6 && privacy.steps == 4)
    #expect(privacy.unit == .client && privacy.neighbours == .addOrRemoveOne && privacy.observers?.count == 3)
    #expect(result.outcome.rows == 0 && result.outcome.testRows == 0 && result.outcome.metrics == RoundMetrics())
    #expect(result.rounds.map(\.round) == [1, 2, 3, 4])
    for round in result.rounds {
      #expect(round.cohort.isEmpty && round.contributors.isEmpty && round.bytesSent == 0)
      var spent = RoundMetrics()
      spent.epsilon = try LossAccountant().epsilon(
        of: .repeated(
          .poissonSampled(rate: 0.67, .gaussian(noiseMultiplier: privacy.noiseMultiplier)), count: round.round),
        delta: 1e-5)
      #expect(round.metrics == spent)
    }
    // What the coordinator sees: updates alone, clipped.
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) where file.hasSuffix(".bin") {
      let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(file)))
      let norm = try #require(FloatBytes.values(of: bytes)).reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(file.contains("update") && norm <= 0.75)
    }
  }

  /// Workers that learn nothing give updates of nothing, so that the model's way is the noise alone: Σ (x / σ)² is χ² with 2,102
  /// degrees; five deviations of it are a false alarm in 10⁶ runs.
  @Test(arguments: ["open", "masked", "shared"])
  func theModelMovesByTheNoiseThatIsAccounted(aggregation: String) async throws {
    let text = Self.job(
      "rounds: 1, aggregation: \(aggregation)", layers: "[{dense: 300}, relu, {dense: 2}, softmax]", rate: 1e-30)
    let result = try await Federations.run(text, hasParties: aggregation == "shared")
    let description = try ModelDescription(layers: try Job.parse(text).model.layers, inputShape: [4])
    let start = try WeightLayout(description).flatten(
      description.initialWeights(seed: SeedTree(seed: 5).child("weights")))
    #expect(start.count == 2102)
    // z · C / N
    let deviation = 2 * 0.5 / 3
    let squares = zip(result.weights, start).reduce(0.0) { $0 + pow(Double($1.0 - $1.1) / deviation, 2) }
    #expect(abs(squares - 2102) < 5 * (2.0 * 2102).squareRoot() + 20)
    let accountant: AccountantKind = aggregation == "open" ? .pld : .rdp
    #expect(result.outcome.privacy?.accountant == accountant)
    #expect(result.rounds.map(\.contributors.count) == [aggregation == "open" ? 0 : 3])
  }

  /// A worker that drops out is not in the sum, and the round counts all the same.
  @Test func whoDropsOutIsJustNotInTheSum() async throws {
    let relay = await Relay(
      workers: try Federations.tables(), altered: ["b"], database: try Federations.database()
    ) { message, number in number < 2 ? [message] : [] }
    let result = try await relay.run(
      Self.job("rounds: 1, aggregation: open, deadlineSeconds: 10, minimumClients: 1"))
    #expect(result.rounds.count == 1 && result.outcome.privacy?.steps == 1)
  }

  @Test func aPolicyBoundsWhatJobsSpend() async throws {
    let policy = WorkerPolicy(smallestCohort: 1, aggregations: [.open], largestEpsilon: 2)
    let asked = "unit: client, clip: 1, targetEpsilon: 3, delta: 1e-5"
    for (text, reason) in [
      (Self.job("rounds: 1, aggregation: open", privacy: asked), "asks for ε = 3.0, and the policy allows 2.0"),
      (
        Self.job("rounds: 9, aggregation: open", privacy: "unit: client, clip: 1, noiseMultiplier: 1, delta: 1e-5"),
        "and the policy allows 2.0"
      ),
      (Federations.job("rounds: 1, aggregation: open"), "it states no privacy of workers"),
    ] {
      let failure = await #expect(throws: JobFailure.self) { _ = try await Federations.run(text, policy: policy) }
      #expect(failure?.exitCode == 4 && failure?.reason.contains(reason) == true, "\(failure?.reason ?? "")")
    }
  }

  @Test func theLedgerOfTheCoordinatorRefusesWhatIsSpent() async throws {
    let ledger = try Self.ledger(epsilon: 4)
    let budget = try PrivacyBudgetSource(ledger: ledger.path)
    let text = Self.job("rounds: 2, aggregation: open", privacy: "unit: client, clip: 1, targetEpsilon: 3, delta: 1e-5")
    let result = try await Federations.run(text, budget: budget)
    let statement = try #require(try ledger.statements().first)
    #expect(statement.committedCount == 1 && statement.reservedCount == 0)
    // Another accountant's opinion of the same event.
    #expect((statement.spent ?? 0) >= (result.outcome.privacy?.epsilon ?? 9))
    let failure = await #expect(throws: JobFailure.self) { _ = try await Federations.run(text, budget: budget) }
    #expect(failure?.exitCode == 4 && failure?.reason.contains("does not allow this") == true)
    let open = await #expect(throws: JobFailure.self) {
      _ = try await Federations.run(Federations.job("rounds: 1, aggregation: open"), budget: budget)
    }
    #expect(open?.exitCode == 4 && open?.reason.contains("keeps a ledger") == true)
  }

  /// A coordinator that is gone in the middle of a round: it is done again with fresh noise, and counts twice.
  @Test func aRoundThatACrashInterruptsCountsTwice() async throws {
    let ledger = try Self.ledger(epsilon: 100)
    let budget = try PrivacyBudgetSource(ledger: ledger.path)
    let database = try Federations.database()
    let text = Self.job("rounds: 3, aggregation: open, deadlineSeconds: 600")
    let (reached, reach) = AsyncStream.makeStream(of: Void.self)
    // Of its messages the fourth is the update of the second round: it is on its way when the coordinator goes.
    let first = await Relay(
      workers: try Federations.tables(), altered: ["c"], database: database, budget: budget
    ) { message, number in
      if number == 3 { reach.yield() }
      return number < 3 ? [message] : []
    }
    let owner = await first.owner()
    let job = Submission.newID()
    let watching = Task { _ = try? await Submission(owner).run(text, seed: 5, id: job) { _ in } }
    for await _ in reached { break }
    for task in first.tasks { task.cancel() }
    await first.coordinator.close()
    watching.cancel()
    #expect(try database.rounds(of: job).count == 1)
    #expect(try ledger.statements().first?.reservedCount == 1)

    let second = await MemoryFederation(
      tables: try Federations.tables(), policy: Federations.policy, database: try RunDatabase(path: database.path),
      budget: budget, logger: Federations.quiet)
    let result = try await Submission(await second.submitter()).run(text, seed: 5, id: job) { _ in }
    await second.stop()
    #expect(try database.rounds(of: job).map(\.round) == [1, 2, 3])
    let step = PrivacyEvent.poissonSampled(rate: 1, .gaussian(noiseMultiplier: 2))
    let reserved = try ledger.entries().compactMap { entry in
      if case .reserved(let event, _) = entry.body { event } else { nil }
    }
    #expect(reserved == [.repeated(step, count: 3), step])
    #expect(try ledger.statements().first?.committedCount == 2)
    #expect(result.outcome.privacy?.steps == 4)
    #expect(
      try result.outcome.privacy?.epsilon == LossAccountant().epsilon(of: .repeated(step, count: 4), delta: 1e-5))
  }

  /// A coordinator that never ran before, with one worker and a job's owner.
  private struct House {
    let owner: any Link
    private let coordinator: Coordinator
    private let tasks: [Task<Void, Never>]

    init(_ worker: Worker, _ identity: NodeIdentity) async throws {
      let coordinator = Coordinator(database: try Federations.database(), logger: Federations.quiet)
      let running = Task { _ = try? await coordinator.run() }
      let ends = MemoryLink.pair(worker: identity.name)
      await coordinator.admit(ends.coordinator, key: identity.signingKey.publicKey)
      let serving = Task { _ = try? await worker.serve(ends.worker) }
      let owners = MemoryLink.pair(Relay.peer("coordinator"), Relay.peer("owner", role: "client"))
      await coordinator.admit(owners.0)
      (self.coordinator, owner, tasks) = (coordinator, owners.1, [running, serving])
    }

    func close() async {
      for task in tasks { task.cancel() }
      await coordinator.close()
    }
  }

  /// A worker with a ledger of its own takes a job that its budget allows, and no second one, also where it has the name of the first.
  @Test(arguments: [["0000000a", "0000000b"], ["0000000a", "0000000a"]]) func aWorkerKeepsItsOwnLedger(names: [String])
    async throws
  {
    let ledger = try Self.ledger(epsilon: 4, for: "bank-a")
    let identity = try CertificateAuthority.create(name: "test").issue(role: .worker, name: "bank-a")
    let rows = try #require(try Federations.tables(1).first?.rows)
    var policy = Federations.policy
    policy.ledger = ledger.path
    let worker = try Worker(identity: identity, rows: rows, policy: policy, logger: Federations.quiet)
    let text = Self.job(
      "rounds: 2, aggregation: open, minimumClients: 1",
      privacy: "unit: client, clip: 1, targetEpsilon: 3, delta: 1e-5"
    ).replacing("workers: 3", with: "workers: 1")
    for (isAllowed, name) in zip([true, false], names) {
      let house = try await House(worker, identity)
      if isAllowed {
        _ = try await Submission(house.owner).run(text, seed: 5, id: name) { _ in }
        #expect(try ledger.statements().map(\.dataset) == ["bank-a"])
      } else {
        let failure = await #expect(throws: JobFailure.self) {
          _ = try await Submission(house.owner).run(text, seed: 5, id: name) { _ in }
        }
        #expect(failure?.exitCode == 4 && failure?.reason.contains("privacy budget of bank-a") == true)
      }
      await house.close()
    }
  }

  /// What was reserved for a job serves no other that a coordinator offers by its name.
  @Test func aNameStandsForOneJob() async throws {
    let ledger = try Self.ledger(epsilon: 9, for: "bank-a")
    let identity = try CertificateAuthority.create(name: "test").issue(role: .worker, name: "bank-a")
    var policy = Federations.policy
    policy.ledger = ledger.path
    let worker = try Worker(
      identity: identity, rows: try #require(try Federations.tables(1).first?.rows), policy: policy,
      logger: Federations.quiet)
    func text(workers: Int, epsilon: Double) -> String {
      Self.job(
        "rounds: 2, aggregation: open, minimumClients: 1",
        privacy: "unit: client, clip: 1, targetEpsilon: \(epsilon), delta: 1e-5"
      ).replacing("workers: 3", with: "workers: \(workers)")
    }
    for (isFirst, text) in [(true, text(workers: 2, epsilon: 1)), (false, text(workers: 1, epsilon: 3))] {
      let house = try await House(worker, identity)
      let submission = Task { try await Submission(house.owner).run(text, seed: 5, id: "0000000a") { _ in } }
      if isFirst {
        // It waits for a second worker; the first one has accepted, and reserved.
        for _ in 0..<500 where try ledger.statements().first?.reservedCount != 1 {
          try await Task.sleep(for: .milliseconds(20))
        }
      } else {
        let failure = await #expect(throws: JobFailure.self) { _ = try await submission.value }
        #expect(failure?.reason.contains("another job than the one") == true, "\(failure?.reason ?? "")")
      }
      submission.cancel()
      await house.close()
    }
  }

  @Test func aPolicyFileNamesBoth() throws {
    let policy = try WorkerPolicy.parse("largestEpsilon: 4\nledger: privacy.sqlite", of: "/there/policy.yaml")
    #expect(policy.largestEpsilon == 4 && policy.ledger == "/there/privacy.sqlite")
    #expect(try WorkerPolicy.parse(policy.yaml, of: "/elsewhere/policy.yaml") == policy)
  }
}
