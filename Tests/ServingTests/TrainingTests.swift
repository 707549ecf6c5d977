import Arithmetic
import Foundation
import Graphs
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
  /// The same steps in floats: the oracle. Each step rounds a few dozen times by 2⁻²⁰, and 10 steps of a small rate barely
  /// spread what came before: 2⁻¹² is far above both. That traffic is as planned, byte for byte, is checked in every run.
  @Test(
    arguments: [
      "loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.05}}",
      "loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.03, momentum: 0.9, weightDecay: 0.01}}, schedule: cosine",
    ], ["bytes", "rounds"])
  func followsThePlainTrainer(training: String, optimise: String) async throws {
    let fixture = try TrainingFixture(
      "layers: [{dense: 6}, relu, {dense: 1}]", training: "epochs: 2, batch: 8, seed: 3, \(training)",
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

  /// Layers and optimizers that a step on shares must follow: rounding by 2⁻²⁰ and functions that are off by 2⁻¹⁴ reach
  /// the weights multiplied by the rate. (Adam on a bias before a batch norm would not do: it has no gradient but rounding.)
  @Test(arguments: [
    ("layers: [{dense: 6}, relu, {dense: 1}]", "adam: {learningRate: 0.01}", "constant", 3),
    (
      "layers: [{dense: 6}, relu, {dense: 1}]", "adam: {learningRate: 0.01, beta1: 0.8}",
      "{step: {every: 1, factor: 0.5}}", 3
    ),
    ("layers: [{dense: 6}, batchNorm, relu, {dense: 1}]", "sgd: {learningRate: 0.05, momentum: 0.9}", "constant", 3),
    ("layers: [{dense: 6}, layerNorm, relu, {dense: 1}]", "sgd: {learningRate: 0.05}", "cosine", 3),
    ("layers: [{dense: 6}, {groupNorm: 2}, gelu, {dense: 1}]", "sgd: {learningRate: 0.05}", "constant", 3),
    (
      "layers: [{dense: 6}, tanh, {dropout: 0.25}, {dense: 4}, sigmoid, {dense: 1}]", "sgd: {learningRate: 0.05}",
      "constant", 3
    ),
    (
      "input: [1, 6, 6], layers: [{conv2d: {filters: 2, kernel: 3}}, {maxPool: 2}, relu, flatten, {dense: 1}]",
      "sgd: {learningRate: 0.05, momentum: 0.5}", "constant", 36
    ),
    (
      "input: [1, 6, 6], layers: [{conv2d: {filters: 2, kernel: 3}}, batchNorm, {averagePool: 2}, relu, flatten, {dense: 1}]",
      "sgd: {learningRate: 0.05}", "constant", 36
    ),
  ])
  func followsItsStepsInTheClear(model: String, optimizer: String, schedule: String, features: Int) async throws {
    let fixture = try TrainingFixture(
      model,
      training:
        "epochs: 2, batch: 8, seed: 3, loss: meanSquaredError, optimizer: {\(optimizer)}, schedule: \(schedule)",
      encrypted: "reveal: [loss, model]", rows: 40, features: features)
    defer { fixture.remove() }
    let outcome = try await fixture.trainer.run()
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let expected = try TrainingFixture.clearWeights(try TrainingProgram(prepared), prepared)
    let found = try #require(outcome.result)
    for name in found.model.weights.names {
      for (a, b) in zip(expected[name]?.scalars ?? [], found.model.weights[name]?.scalars ?? [.nan]) {
        #expect(abs(a - b) < 0x1p-12, "\(name): \(a) and \(b)")
      }
    }
  }

  /// Each of two runs is within 2⁻¹² of the same steps in floats, so within 2⁻¹¹ of the other (docs/TRAINING.md).
  @Test func twoRunsAgreeWithinTheBound() async throws {
    let fixture = try TrainingFixture(
      "layers: [{dense: 6}, relu, {dense: 1}]",
      training: "epochs: 2, batch: 8, seed: 3, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.05}}",
      encrypted: "reveal: [model]")
    defer { fixture.remove() }
    let outcomes = [try await fixture.trainer.run(), try await fixture.trainer.run()]
    let first = try #require(outcomes[0].result).model.weights
    let second = try #require(outcomes[1].result).model.weights
    for name in first.names {
      for (a, b) in zip(first[name]?.scalars ?? [], second[name]?.scalars ?? [.nan]) {
        #expect(abs(a - b) < 0x1p-11, "\(name): \(a) and \(b)")
      }
    }
  }

  @Test func severalOwnersTrainTogether() async throws {
    let fixture = try TrainingFixture(
      "layers: [{dense: 1}]",
      training: "epochs: 2, batch: 8, seed: 3, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.1}}",
      encrypted: "reveal: [model]", rows: 60, owners: 3)
    defer { fixture.remove() }
    let outcome = try await fixture.trainer.run()
    #expect(outcome.report.ownerRows == [16, 16, 16])
    #expect(outcome.report.loss.isEmpty)
    #expect(outcome.report.data.test == 12)
  }

  @Test func nothingIsOpenedThatIsNotDeclared() async throws {
    let fixture = try TrainingFixture(
      "layers: [{dense: 1}]",
      training: "epochs: 1, batch: 16, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.1}}",
      encrypted: "reveal: []")
    defer { fixture.remove() }
    let outcome = try await fixture.trainer.run()
    #expect(outcome.result == nil)
    #expect(outcome.report.opened == [])
    #expect(outcome.report.meanSquaredError == nil && outcome.report.loss.isEmpty)
  }

  /// The parties count on shares what the owner of the revealed model counts in the clear; no output lies near a tie.
  @Test(arguments: [
    ("layers: [{dense: 4}, relu, {dense: 1}]", "meanSquaredError", "number"),
    ("layers: [{dense: 4}, relu, {dense: 1}, sigmoid]", "binaryCrossEntropy", "two"),
    ("layers: [{dense: 4}, batchNorm, relu, {dense: 3}, softmax]", "softmaxCrossEntropy", "three"),
    ("layers: [{dense: 4}, relu, {dense: 2}, softmax]", "softmaxCrossEntropy", "two"),
  ])
  func isJudgedOnSharesAsInTheClear(model: String, loss: String, kind: String) async throws {
    let training = "epochs: 2, batch: 8, seed: 3, loss: \(loss), optimizer: {sgd: {learningRate: 0.1}}"
    var found: [TrainingReport] = []
    for reveal in ["[model]", "[metrics]"] {
      let fixture = try TrainingFixture(model, training: training, encrypted: "reveal: \(reveal)", rows: 80) { answer in
        switch kind {
        case "number": "\(answer)"
        case "three": answer > 0.3 ? "high" : answer < -0.3 ? "low" : "middle"
        default: answer > 0 ? "yes" : "no"
        }
      }
      defer { fixture.remove() }
      let outcome = try await fixture.trainer.run()
      #expect((outcome.result == nil) == (reveal == "[metrics]"))
      found.append(outcome.report)
    }
    #expect(found[0].judgedBy == "the model's owner, in the clear")
    #expect(found[1].judgedBy == "the parties, on shares")
    #expect(found[1].opened == ["metrics: the job's owner"])
    #expect(found[0].accuracy == found[1].accuracy)
    if kind == "number" {
      let (clear, secret) = try (#require(found[0].meanSquaredError), #require(found[1].meanSquaredError))
      #expect(abs(clear - secret) < 1e-3 * clear)
    } else {
      #expect(found[1].accuracy != nil)
    }
  }

  // MARK: Resuming

  private struct Run: Sendable {
    /// The sum of the parties' summands of the weights.
    var weights: RingTensor?
    /// What the parties told of the epochs' losses, summed.
    var losses: [Int: RingTensor] = [:]
    var stepsOnDisk: [[Int]]
  }

  /// Three parties with known keys; `fault` is what party 1's channel suffers.
  private func train(
    _ program: TrainingProgram, origins: [PendingTraining.Origin], places: [TrainingPlace], fault: FaultPlan
  ) async -> Run {
    let news = NIOLockedValueBox<[RingTensor]>([])
    let losses = NIOLockedValueBox<[Int: RingTensor]>([:])
    let wrap: @Sendable (MemoryChannel) -> any Channel = {
      FaultyChannel($0, plan: $0.party == 1 ? fault : FaultPlan([:]))
    }
    _ = await outcomes(wrapping: wrap) { channel in
      let pending = PendingTraining(id: "ab", program: program, origin: origins[channel.party])
      let session = TrainingSession(
        channel: channel, training: pending,
        scheme: ReplicatedTraining(over: channel) { channel, _ in InsecureKeys.secrets(party: channel.party, seed: 5) })
      try await session.run(report: { item in
        switch item {
        case .step, .waiting: break
        case .epoch(let epoch, let loss):
          losses.withLockedValue {
            $0[epoch] =
              ($0[epoch] ?? RingTensor(repeating: 0, shape: [1]))
              + (loss?.reshaped(to: [1]) ?? RingTensor(repeating: 0, shape: [1]))
          }
        case .finished(let words, _): news.withLockedValue { $0.append(words) }
        }
      })
    }
    let summands = news.withLockedValue { $0 }
    return Run(
      weights: summands.count == 3 ? summands[0] + summands[1] + summands[2] : nil,
      losses: losses.withLockedValue { $0 }, stepsOnDisk: places.map(\.steps))
  }

  /// A training that is cut anywhere and resumed ends with the very words of one that ran through.
  @Test(arguments: [1, 40, 100])
  func aTrainingThatWasCutEndsAlike(message: Int) async throws {
    let fixture = try TrainingFixture(
      "layers: [{dense: 4}, relu, {dense: 1}]",
      training:
        "epochs: 3, batch: 8, seed: 3, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.05, momentum: 0.5}}",
      encrypted: "reveal: [loss, model], checkpoint: 2")
    defer { fixture.remove() }
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let program = try TrainingProgram(prepared)
    let key = StorageKey()
    let stores = (0..<3).map { TrainingStore(folder: fixture.folder + "/party-\($0)", key: key) }
    let places = try stores.enumerated().map { try $1.place(of: "ab", party: $0, scheme: .replicated, client: "owner") }
    let origins = try freshOrigins(of: program, prepared, places: places)
    let whole = await train(program, origins: origins, places: places, fault: FaultPlan([:]))
    let expected = try #require(whole.weights)
    #expect(whole.stepsOnDisk == [[], [], []], "a training that ended leaves nothing")
    let cut = await train(program, origins: origins, places: places, fault: FaultPlan([message: .cut]))
    #expect(cut.weights == nil)
    let resumed = await train(
      program, origins: places.map { .resumed($0) }, places: places, fault: FaultPlan([:]))
    #expect(resumed.weights == expected)
    #expect(resumed.losses == whole.losses && whole.losses.count == 3, "losses of before are told again")
  }

  /// A training goes on with the same job, data and code alone; the parties compare program and code by themselves.
  @Test func nothingElseGoesOn() async throws {
    let training = "epochs: 1, batch: 8, seed: 3, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.1}}"
    let fixture = try TrainingFixture("layers: [{dense: 1}]", training: training, encrypted: "reveal: [model]")
    defer { fixture.remove() }
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let program = try TrainingProgram(prepared)
    let place = try TrainingStore(folder: fixture.folder + "/store", key: StorageKey()).place(
      of: "ab", party: 0, scheme: .replicated, client: "owner")
    #expect(throws: ServingError.self) { try place.beginning(digest: [1]) }
    let secrets = InsecureKeys.secrets(party: 0, seed: 5)
    try place.begin(
      [secrets.first, secrets.second], noiseKey: [9], digest: [1, 2], rows: TrainingRows(training: SharedRows(width: 4))
    )
    #expect(try place.beginning(digest: [1, 2]).keys == [secrets.first, secrets.second])
    let refusal = #expect(throws: ServingError.self) { try place.beginning(digest: [1, 3]) }
    #expect(refusal?.description.contains("another job") == true)
    // It goes on for nobody else, and its name is not begun again: another training would find its checkpoints.
    let stranger = try TrainingStore(folder: fixture.folder + "/store", key: place.key).place(
      of: "ab", party: 0, scheme: .replicated, client: "stranger")
    let theirs = #expect(throws: ServingError.self) { try stranger.beginning(digest: [1, 2]) }
    #expect(theirs?.description.contains("another client") == true)
    for again in [place, stranger] {
      let refusal = #expect(throws: ServingError.self) {
        try again.begin([], noiseKey: [], digest: [1, 3], rows: TrainingRows(training: SharedRows(width: 4)))
      }
      #expect(refusal?.description.contains("already") == true)
    }
    let values = Dictionary(
      uniqueKeysWithValues: program.valueNames.map { name in
        let tensor = RingTensor(repeating: 7, shape: program.shape(of: name))
        return (name, HeldShare(components: [tensor, tensor]))
      })
    for step in [2, 4, 5] {
      try place.save(TrainingState(step: step, values: values), names: program.valueNames)
    }
    #expect(place.steps == [4, 5], "two checkpoints stay")
    // Checkpoints of two steps do not pass for each other.
    let names = ["step-4.sealed", "step-5.sealed"].map { fixture.folder + "/store/ab/" + $0 }
    try FileManager.default.removeItem(atPath: names[1])
    try FileManager.default.copyItem(atPath: names[0], toPath: names[1])
    #expect(throws: IdentityError.self) { try place.load(step: 5, names: program.valueNames, program: program) }
    #expect(try place.load(step: 4, names: program.valueNames, program: program).step == 4)
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
    #expect(throws: ServingError.self) {
      try TrainingStore(folder: folder, key: key).place(of: "../up", party: 0, scheme: .replicated, client: "owner")
    }
  }
}
