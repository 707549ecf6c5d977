import Arithmetic
import Foundation
import Identity
import Learning
import NIOConcurrencyHelpers
import Serving
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

@Suite struct TrainingTests {
  /// A job on a small table of its own, in memory.
  private struct Fixture {
    let job: Job
    let folder: String

    init(_ model: String, training: String, encrypted: String, rows: Int = 50, owners: Int = 1) throws {
      folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString)").path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      var random = SeedTree(seed: 8).generator()
      var files: [String] = []
      for owner in 0..<owners {
        var text = "a,b,c,answer\n"
        for _ in 0..<rows / owners {
          let x = (0..<3).map { _ in random.normal() }
          text += "\(x[0]),\(x[1]),\(x[2]),\(0.7 * x[0] - 0.4 * x[1] * x[1] + 0.1 * random.normal())\n"
        }
        let file = "\(folder)/\(owner).csv"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        files.append(file)
      }
      let list = files.map { "{file: '\($0)'}" }.joined(separator: ", ")
      let data = owners > 1 ? "{target: answer, test: 0.2}" : "{file: '\(files[0])', target: answer, test: 0.2}"
      let extra = owners > 1 ? ", owners: [\(list)]" : ""
      job = try Job.parse(
        """
        model: {layers: \(model)}
        data: \(data)
        training: {\(training)}
        mode: encrypted
        encrypted: {transport: memory, \(encrypted)\(extra)}
        """)
    }

    var trainer: EncryptedTrainer {
      EncryptedTrainer(
        job, environment: [:], versions: ["tacit": "test"], executable: "/nowhere", folder: folder + "/run")
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }
  }

  /// The same steps in floats: the oracle. Each step rounds a few dozen times by 2⁻²⁰, and 10 steps of a small rate barely
  /// spread what came before: 2⁻¹² is far above both. That traffic is as planned, byte for byte, is checked in every run.
  @Test(
    arguments: [
      "loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.05}}",
      "loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.03, momentum: 0.9, weightDecay: 0.01}}, schedule: cosine",
    ], ["bytes", "rounds"])
  func followsThePlainTrainer(training: String, optimise: String) async throws {
    let fixture = try Fixture(
      "[{dense: 6}, relu, {dense: 1}]", training: "epochs: 2, batch: 8, seed: 3, \(training)",
      encrypted: "reveal: [loss, model], optimise: \(optimise)")
    defer { fixture.remove() }
    let outcome = try await fixture.trainer.run()
    var plain = fixture.job
    plain.mode = .plain
    let expected = try JobRunner(plain, environment: [:], versions: [:]).run()
    let found = try #require(outcome.result)
    for name in expected.model.weights.names {
      for (a, b) in zip(expected.model.weights[name]?.scalars ?? [], found.model.weights[name]?.scalars ?? [.nan]) {
        #expect(abs(a - b) < 0x1p-12, "\(name): \(a) and \(b)")
      }
    }
    for (a, b) in zip(expected.report.loss, outcome.report.loss) { #expect(abs(a - b) < 1e-3) }
    #expect(outcome.report.loss.count == 2)
    #expect(outcome.report.rounds == outcome.report.planned?.rounds)
    #expect(outcome.report.bytesSent == outcome.report.planned?.bytesSent)
    #expect(outcome.report.judgedBy != nil)
  }

  @Test func severalOwnersTrainTogether() async throws {
    let fixture = try Fixture(
      "[{dense: 1}]",
      training: "epochs: 2, batch: 8, seed: 3, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.1}}",
      encrypted: "reveal: [model]", rows: 60, owners: 3)
    defer { fixture.remove() }
    let outcome = try await fixture.trainer.run()
    #expect(outcome.report.ownerRows == [16, 16, 16])
    #expect(outcome.report.loss.isEmpty)
    #expect(outcome.report.data.test == 12)
  }

  @Test func nothingIsOpenedThatIsNotDeclared() async throws {
    let fixture = try Fixture(
      "[{dense: 1}]", training: "epochs: 1, batch: 16, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.1}}",
      encrypted: "reveal: []")
    defer { fixture.remove() }
    let outcome = try await fixture.trainer.run()
    #expect(outcome.result == nil)
    #expect(outcome.report.opened == [])
    #expect(outcome.report.meanSquaredError == nil && outcome.report.loss.isEmpty)
  }

  // MARK: Resuming

  private struct Run: Sendable {
    /// The sum of the parties' summands of the weights.
    var weights: RingTensor?
    var stepsOnDisk: [[Int]]
  }

  /// Three parties with known keys; `fault` is what party 1's channel suffers.
  private func train(
    _ program: TrainingProgram, origins: [PendingTraining.Origin], places: [TrainingPlace], fault: FaultPlan
  ) async -> Run {
    let news = NIOLockedValueBox<[RingTensor]>([])
    let wrap: @Sendable (MemoryChannel) -> any Channel = {
      FaultyChannel($0, plan: $0.party == 1 ? fault : FaultPlan([:]))
    }
    _ = await outcomes(wrapping: wrap) { channel in
      let pending = PendingTraining(id: "ab", program: program, origin: origins[channel.party])
      let session = TrainingSession(
        channel: channel, training: pending,
        agree: { channel, _ in InsecureKeys.secrets(party: channel.party, seed: 5) })
      try await session.run(report: { item in
        if case .finished(let weights, _, _) = item { news.withLockedValue { $0.append(weights) } }
      })
    }
    let summands = news.withLockedValue { $0 }
    return Run(
      weights: summands.count == 3 ? summands[0] + summands[1] + summands[2] : nil, stepsOnDisk: places.map(\.steps))
  }

  /// A training that is cut anywhere and resumed ends with the very words of one that ran through.
  @Test(arguments: [1, 40, 100])
  func aTrainingThatWasCutEndsAlike(message: Int) async throws {
    let fixture = try Fixture(
      "[{dense: 4}, relu, {dense: 1}]",
      training:
        "epochs: 3, batch: 8, seed: 3, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.05, momentum: 0.5}}",
      encrypted: "reveal: [loss, model], checkpoint: 2")
    defer { fixture.remove() }
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let program = try TrainingProgram(prepared)
    let key = StorageKey()
    let stores = (0..<3).map { TrainingStore(folder: fixture.folder + "/party-\($0)", key: key) }
    let places = try stores.enumerated().map { try $1.place(of: "ab", party: $0) }
    let words = try SecretRows.encode(
      prepared.features, prepared.targets, 0..<program.rowCount, fractionBits: program.fractionBits)
    let parcels = InputSharing.parcels(of: [words])
    let weights = prepared.description.initialWeights(seed: SeedTree(seed: 1)).byName
    let shares = try replicatedShares(
      of: try program.weightNames.map { try SecretInput.encode(weights[$0]!, named: $0, fractionBits: 20) })
    let origins = try (0..<3).map { party -> PendingTraining.Origin in
      var rows = SharedRows(width: words.shape[1])
      rows.append(
        try SharedRows.Block(parcels[party], rowCount: program.rowCount, width: words.shape[1], party: party))
      return .fresh(rows: rows, weights: shares[party], place: places[party])
    }
    let whole = await train(program, origins: origins, places: places, fault: FaultPlan([:]))
    let expected = try #require(whole.weights)
    #expect(whole.stepsOnDisk == [[], [], []], "a training that ended leaves nothing")
    let cut = await train(program, origins: origins, places: places, fault: FaultPlan([message: .cut]))
    #expect(cut.weights == nil)
    let resumed = await train(
      program, origins: places.map { .resumed($0) }, places: places, fault: FaultPlan([:]))
    #expect(resumed.weights == expected)
  }

  @Test func checkpointsServeTheirTrainingAlone() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = folder + "/file.sealed"
    let key = StorageKey()
    try SealedFile.write(Data("secret".utf8), label: "party 0", key: key, to: path)
    #expect(try SealedFile.read(label: "party 0", key: key, from: path) == Data("secret".utf8))
    #expect(throws: IdentityError.self) { try SealedFile.read(label: "party 1", key: key, from: path) }
    #expect(throws: IdentityError.self) { try SealedFile.read(label: "party 0", key: StorageKey(), from: path) }
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    for place in bytes.indices {
      bytes[place] ^= 1
      try bytes.write(to: URL(fileURLWithPath: path))
      #expect(throws: IdentityError.self) { try SealedFile.read(label: "party 0", key: key, from: path) }
      bytes[place] ^= 1
    }
    #expect(throws: ServingError.self) { try TrainingStore(folder: folder, key: key).place(of: "../up", party: 0) }
  }
}
