import Foundation
import Graphs
import Identity
import Logging
import ModelFiles
import Processes
import Serving
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

/// Three party servers of this process, on real sockets with TLS.
private final class TestCluster: Sendable {
  let cluster: ClusterFile
  let authority: CertificateAuthority
  private let ports: ReservedPorts
  private let tasks: [Task<Void, any Error>]
  private let loops: [SocketLoop]

  init(deadline: Duration = .seconds(300), parties running: Set<Int> = [0, 1, 2]) async throws {
    authority = try CertificateAuthority.create(name: "test")
    let identities = try (0..<3).map { [authority] in try authority.issue(role: .party, name: "p\($0)", days: 1) }
    ports = try ReservedPorts.take(3)
    cluster = try ClusterFile(
      parties: zip(identities, ports.numbers).map {
        .init(name: $0.name, host: "127.0.0.1", port: $1, certificate: $0.fingerprint)
      }, deadline: deadline)
    let loops = (0..<3).map { SocketLoop(name: "party \($0)") }
    self.loops = loops
    var tasks: [Task<Void, any Error>] = []
    for index in running.sorted() {
      let server = try await PartyServer.start(
        identity: identities[index], cluster: cluster, loop: loops[index],
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      tasks.append(Task { try await server.run() })
    }
    self.tasks = tasks
  }

  func client(
    role: Role = .client, patience: Duration = .seconds(300), days: Int = 1, from start: Date = Date()
  ) async throws -> (ClusterClient, SocketLoop) {
    let loop = SocketLoop(name: "client")
    let identity = try authority.issue(role: role, name: "client", days: days, from: start)
    return (
      try await ClusterClient.connect(to: cluster, as: identity, loop: loop, patience: patience), loop
    )
  }

  /// Takes one party away without a word.
  func kill(_ party: Int) { loops[party].shutdown() }

  func stop() {
    for task in tasks { task.cancel() }
    for loop in loops { loop.shutdown() }
  }
}

private func file(_ parts: (graph: Graph, weights: [String: Tensor<Float>])) throws -> ModelFile {
  try ModelFile(
    graph: parts.graph, weights: parts.weights,
    provenance: .init(creator: "test", dataset: "none", source: "none"))
}

@Suite(.serialized) struct ServingTests {
  @Test func answersQueriesAsInTheClear() async throws {
    let cluster = try await TestCluster()
    defer { cluster.stop() }
    let (client, loop) = try await cluster.client()
    defer { loop.shutdown() }
    for model in [try file(SmallModels.perceptron(sigmoid: true)), try file(SmallModels.convolution())] {
      let name = try await client.share(model, fractionBits: 16)
      for batch in [1, 7] {
        let x = SmallModels.numbers(Shape([batch] + model.exampleShape.extents), seed: batch)
        let plain = try SecretPredictor.plain(model, x)
        let plan = try await SecurePlan.query(try model.graph(batch: batch), dataInput: "x", fractionBits: 16)
        let answer = try await client.query(name, x, outputShape: plain.shape, fractionBits: 16)
        #expect(answer.traffic == plan.traffic)
        for (secret, clear) in zip(answer.output.scalars, plain.scalars) { #expect(abs(secret - clear) < 1e-3) }
      }
      try await client.withdraw(name)
      await #expect(throws: ServingError.self) {
        try await client.query(
          name, SmallModels.numbers(Shape([1] + model.exampleShape.extents)), outputShape: [1, 3], fractionBits: 16)
      }
    }
    await client.close()
  }

  /// Inputs at the ends of the declared range are answered on narrow comparisons; what is outside is not shared.
  @Test func declaredRangesNarrowComparisons() async throws {
    let cluster = try await TestCluster()
    defer { cluster.stop() }
    let (client, loop) = try await cluster.client()
    defer { loop.shutdown() }
    let wide = try file(SmallModels.perceptron(sigmoid: true))
    let model = try wide.declaring(try InputRange(-1...1))
    let bounds = try ValueBounds(model, fractionBits: 16)
    let name = try await client.share(model, fractionBits: 16)
    let x = Tensor<Float>(shape: [3, 4], scalars: [1, 1, 1, 1, -1, -1, -1, -1, 1, -1, 1, -1])
    let plain = try SecretPredictor.plain(model, x)
    let answer = try await client.query(
      name, x, outputShape: plain.shape, fractionBits: 16, declared: model.inputRange)
    for (secret, clear) in zip(answer.output.scalars, plain.scalars) { #expect(abs(secret - clear) < 1e-3) }
    let graph = try model.graph(batch: 3)
    let narrow = try await SecurePlan.query(
      graph, dataInput: "x", fractionBits: 16, widths: bounds.widths, magnitudes: bounds.magnitudes)
    let full = try await SecurePlan.query(graph, dataInput: "x", fractionBits: 16)
    #expect(answer.traffic == narrow.traffic && narrow.rounds < full.rounds && narrow.bytesSent < full.bytesSent)
    await #expect(throws: RangeError.outsideDeclared(row: 3, column: 2, range: Interval(-1, 1))) {
      try await client.query(
        name, Tensor(shape: [3, 4], scalars: x.scalars.enumerated().map { $0.offset == 9 ? -1.5 : $0.element }),
        outputShape: plain.shape, fractionBits: 16, declared: model.inputRange)
    }
    await client.close()
  }

  @Test func concurrentClientsAreServedOneAfterTheOther() async throws {
    let cluster = try await TestCluster()
    defer { cluster.stop() }
    let model = try file(SmallModels.perceptron())
    let (owner, loop) = try await cluster.client()
    defer { loop.shutdown() }
    let name = try await owner.share(model, fractionBits: 16)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for seed in 0..<4 {
        group.addTask {
          let (client, loop) = try await cluster.client()
          defer { loop.shutdown() }
          let x = SmallModels.numbers([2, 4], seed: seed)
          let plain = try SecretPredictor.plain(model, x)
          for _ in 0..<5 {
            let answer = try await client.query(name, x, outputShape: plain.shape, fractionBits: 16)
            for (secret, clear) in zip(answer.output.scalars, plain.scalars) { #expect(abs(secret - clear) < 1e-3) }
          }
          await client.close()
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func aDeadPartyIsNamed() async throws {
    let cluster = try await TestCluster(deadline: .seconds(8))
    defer { cluster.stop() }
    let (client, loop) = try await cluster.client(patience: .seconds(30))
    defer { loop.shutdown() }
    let model = try file(SmallModels.perceptron())
    let name = try await client.share(model, fractionBits: 16)
    cluster.kill(2)
    do {
      _ = try await client.query(
        name, SmallModels.numbers([1, 4]), outputShape: [1, 3], fractionBits: 16)
      Issue.record("a query was answered by two parties")
    } catch {
      #expect("\(error)".contains("party 2"))
    }
  }

  @Test func aPartyThatNeverComesUpIsNamed() async throws {
    let cluster = try await TestCluster(deadline: .seconds(2), parties: [0, 1])
    defer { cluster.stop() }
    do {
      _ = try await cluster.client(patience: .seconds(1))
      Issue.record("a client connected to a party that is not there")
    } catch {
      #expect("\(error)".contains("party 2"))
    }
  }

  @Test func otherRolesAndExpiredClientsAreRefused() async throws {
    let cluster = try await TestCluster()
    defer { cluster.stop() }
    await #expect(throws: (any Error).self) { try await cluster.client(role: .keyholder, patience: .seconds(2)) }
    // Workers bring rows and coordinators sealed shares; neither may share or ask for models.
    let model = try file(SmallModels.perceptron())
    for role in [Role.worker, .coordinator] {
      let (client, loop) = try await cluster.client(role: role, patience: .seconds(5))
      await #expect(throws: ServingError.self) { _ = try await client.share(model, fractionBits: 16) }
      await client.close()
      loop.shutdown()
    }
    await #expect(throws: (any Error).self) {
      try await cluster.client(patience: .seconds(2), from: Date(timeIntervalSinceNow: -10 * 86_400))
    }
  }

  @Test func overflowIsRefusedBeforeSharing() async throws {
    let model = try file(SmallModels.perceptron())
    let large = Tensor<Float>(repeating: 1e9, shape: [1, 4])
    #expect(throws: SharingError.self) { try RangeCheck.check(model, large, fractionBits: 16) }
    let tooLarge = Tensor<Float>(repeating: 1e16, shape: [1, 4])
    do {
      _ = try SecretInput.encode(tooLarge, named: "the input", fractionBits: 16)
      Issue.record("1e16 was encoded with 16 fraction bits")
    } catch {
      #expect("\(error)".contains("the input does not encode with 16 fraction bits"))
    }
  }
}

@Suite struct MemoryClusterTests {
  @Test func agreesWithPlainAndPlan() async throws {
    let model = try file(SmallModels.convolution())
    let x = SmallModels.numbers([3, 1, 8, 8])
    let options = try EngineOptions(
      engine: "replicated", parties: nil, transport: "memory", fractionBits: 16, repeats: 2, deadline: 300)
    let outcome = try await SecretPredictor(options: options, executable: "").predict(model, x)
    #expect(outcome.summary.maxAbsoluteError < 1e-3)
    #expect(outcome.summary.rounds == outcome.summary.planned.rounds)
    #expect(outcome.summary.bytesSent == outcome.summary.planned.bytesSent)
  }

  /// Other protocols, the same result: oracle and plan as above; fast truncation says how probably it fails.
  @Test(arguments: ReplicatedOptions.Optimisation.allCases, ReplicatedOptions.Truncation.allCases)
  func protocolsMayBeChosen(
    optimise: ReplicatedOptions.Optimisation, truncation: ReplicatedOptions.Truncation
  ) async throws {
    let model = try file(SmallModels.convolution()).declaring(try InputRange(-8...8))
    let options = try EngineOptions(
      engine: "replicated", parties: nil, transport: "memory", fractionBits: 16, repeats: 1, deadline: 300,
      optimise: optimise.rawValue, truncation: truncation.rawValue)
    let summary = try await SecretPredictor(options: options, executable: "")
      .predict(model, SmallModels.numbers([3, 1, 8, 8])).summary
    #expect(summary.maxAbsoluteError < 1e-3)
    #expect(summary.rounds == summary.planned.rounds && summary.bytesSent == summary.planned.bytesSent)
    #expect(summary.optimise == optimise.rawValue && summary.truncation == truncation.rawValue)
    #expect(truncation == .safe ? summary.failureProbability == 0 : (1e-12..<1e-3).contains(summary.failureProbability))
  }

  @Test func fastTruncationNeedsARange() async throws {
    let model = try file(SmallModels.convolution())
    await #expect(throws: SharingError.boundsMissing) {
      try await MemoryCluster.predict(
        model, SmallModels.numbers([1, 1, 8, 8]), fractionBits: 16, options: ReplicatedOptions(truncation: .fast))
    }
    #expect(throws: ServingError.self) {
      try EngineOptions(
        engine: "additive", parties: 2, transport: "memory", fractionBits: 16, repeats: 1, deadline: 9,
        truncation: "fast")
    }
    #expect(throws: ServingError.self) {
      try EngineOptions(
        engine: "replicated", parties: 3, transport: "memory", fractionBits: 16, repeats: 1, deadline: 9,
        optimise: "bits")
    }
  }

  /// Oracle: the plain engine, the plan, and for what is dealt the plan too.
  @Test(arguments: [2, 3])
  func additivePartiesPredict(parties: Int) async throws {
    let (graph, weights) = SmallModels.perceptron(sigmoid: true)
    let model = try ModelFile(
      graph: graph, weights: weights, provenance: .init(creator: "test", dataset: "none", source: "none"))
    let options = try EngineOptions(
      engine: "additive", parties: parties, transport: "memory", fractionBits: 16, repeats: 2, deadline: 30)
    let outcome = try await SecretPredictor(options: options, executable: "")
      .predict(model, SmallModels.numbers([5, 4]))
    #expect(outcome.summary.maxAbsoluteError < 1e-3)
    #expect(outcome.summary.rounds == outcome.summary.planned.rounds)
    #expect(outcome.summary.bytesSent == outcome.summary.planned.bytesSent)
    #expect(outcome.summary.dealtBytes > 0 && outcome.summary.offlineSeconds > 0)
    #expect(throws: ServingError.self) {
      try EngineOptions(engine: "additive", parties: 1, transport: "memory", fractionBits: 16, repeats: 1, deadline: 9)
    }
  }

  @Test func optionsAreChecked() {
    #expect(throws: ServingError.self) {
      try EngineOptions(engine: "quantum", parties: nil, transport: "memory", fractionBits: 16, repeats: 1, deadline: 1)
    }
    #expect(throws: ServingError.self) {
      try EngineOptions(engine: "replicated", parties: 2, transport: "tls", fractionBits: 16, repeats: 1, deadline: 1)
    }
    #expect(throws: ServingError.self) {
      try EngineOptions(engine: "plain", parties: nil, transport: "memory", fractionBits: 9, repeats: 1, deadline: 1)
    }
  }
}

@Suite struct PartyLimitTests {
  /// A key is short, what it expands to need not be: a party refuses before it expands.
  @Test func hugeModelsAndBatchesAreRefused() throws {
    func description(_ extent: Int) -> SharedModel.Description {
      let builder = GraphBuilder()
      let output = builder.input("x", [1, 4]).matmul(builder.input("w", [4, extent]))
      return SharedModel.Description(
        graph: builder.build([output]), inputName: "x", fractionBits: 16)
    }
    #expect(throws: Never.self) { try description(8).validate() }
    #expect(try description(8).shape(batch: 1000) == [1000, 4])
    #expect(throws: ServingError.self) { try description(1 << 26).validate() }
    #expect(throws: ServingError.self) { try description(1 << 20).shape(batch: 1 << 20) }
  }
}
