import Arithmetic
import Foundation
import Graphs
import Identity
import Learning
import NIOConcurrencyHelpers
import Privacy
import Serving
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

/// Trainings on shares that are private in each row, in memory.
@Suite struct PrivateTrainingTests {
  /// Two tables of rows with a line to learn, and a job on them.
  private struct Fixture {
    let folder: String
    let job: Job

    init(_ encrypted: String = "", noise: String = "noiseMultiplier: 0.5", epochs: Int = 3, owners: Int = 2) throws {
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString)").path
      self.folder = folder
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for owner in 0..<owners {
        let lines = (0..<60).map { row -> String in
          let (a, b) = (Double((row * 37 + owner) % 101) / 10, Double((row * 53 + owner) % 97) / 10)
          return "\(a),\(b),\(2 * a - b > 5 ? "h" : "l")"
        }
        try (["a,b,answer"] + lines).joined(separator: "\n")
          .write(toFile: "\(folder)/\(owner).csv", atomically: true, encoding: .utf8)
      }
      let list = (0..<owners).map { "{file: '\(folder)/\($0).csv'}" }.joined(separator: ", ")
      job = try Job.parse(
        """
        model: {layers: [{dense: 4}, relu, {dense: 1}, sigmoid]}
        data: {target: answer, test: 0.2, ranges: {a: [0, 10], b: [0, 10]}, categories: {answer: [l, h]}}
        training:
          {epochs: \(epochs), batch: 20, loss: binaryCrossEntropy, seed: 3, optimizer: {sgd: {learningRate: 1, momentum: 0.5}}}
        mode: encrypted
        encrypted: {transport: memory, owners: [\(list)], \(encrypted)}
        privacy: {unit: example, clip: 0.5, delta: 1e-3, \(noise)}
        """)
    }

    var trainer: EncryptedTrainer {
      EncryptedTrainer(
        job, environment: [:], versions: ["tacit": "test"], executable: "/nowhere", folder: folder + "/run")
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }
  }

  /// That traffic is as planned, byte for byte, is checked in every run.
  @Test(
    arguments: [
      "reveal: [model, metrics]", "reveal: [model], scheme: additive, parties: 2", "optimise: rounds",
      "reveal: [model, metrics], scheme: replicated-malicious", "reveal: [model, metrics], scheme: spdz, parties: 3",
    ])
  func trainsAndReports(encrypted: String) async throws {
    let fixture = try Fixture(encrypted)
    defer { fixture.remove() }
    let reserved = NIOLockedValueBox<[PrivacyEvent]>([])
    let outcome = try await fixture.trainer.run(reserve: { event in reserved.withLockedValue { $0.append(event) } })
    let privacy = try #require(outcome.report.privacy)
    #expect(reserved.withLockedValue { $0 } == [.gaussian(noiseMultiplier: 0.5)])
    #expect(privacy.noiseMultiplier == 0.5 && privacy.steps == 15 && privacy.epsilons.count == 3)
    #expect(privacy.neighbours == .zeroOutOne && privacy.unit == .example && outcome.report.loss.isEmpty)
    #expect(outcome.report.rounds == outcome.report.planned?.rounds)
    #expect(outcome.report.bytesSent == outcome.report.planned?.bytesSent)
    #expect(outcome.report.ownerRows == [48, 48])
    #expect(outcome.result?.model.weights["dense1.weight"]?.scalars.allSatisfy { $0.isFinite } == true)
  }

  /// With little noise it learns what can be learnt: a line, of which nine rows in ten are right.
  @Test(arguments: ["replicated", "replicated-malicious", "spdz"]) func learns(scheme: String) async throws {
    let fixture = try Fixture("scheme: \(scheme)", noise: "noiseMultiplier: 0.02", epochs: 12)
    defer { fixture.remove() }
    let report = try await fixture.trainer.run().report
    #expect(report.accuracy ?? 0 >= 0.85)
  }

  // MARK: Parties that may deviate

  /// One step of parties whose products are checked. Oracle: the same step in the clear with the noise that pairs of the same keys
  /// draw in a session of their own; within 2⁻¹⁰, where the noise is a hundred times that.
  @Test func pairsNoiseIsThatOfTheirKeys() async throws {
    let fixture = try Fixture("scheme: replicated-malicious", owners: 1)
    defer { fixture.remove() }
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let program = try TrainingProgram(prepared)
    let noise = try #require(program.noise)
    let graph = program.steps[0].graph
    let shapes = noise.names.map { graph.shape(ofInput: $0) ?? [] }
    let drawn = try await simulate { channel in
      let scheme = InsecureKeys.checkedScheme(over: channel, seed: 6)
      try scheme.beginStep()
      return try await scheme.open(try scheme.noise(of: shapes, bits: noise.bits))
    }[0]
    let weights = prepared.description.initialWeights(seed: SeedTree(seed: 1)).byName
    var words = try program.valueNames.map { name in
      try weights[name]?.encoded(fractionBits: 20).ring ?? RingTensor(repeating: 0, shape: program.shape(of: name))
    }
    for (tensor, name) in [(prepared.features, program.featureName), (prepared.targets, program.targetName)] {
      words.append(
        try tensor.gatherRows(Array(0..<program.batch)).encoded(fractionBits: 20).ring
          .reshaped(to: graph.shape(ofInput: name) ?? []))
    }
    let (names, values) = (program.valueNames + [program.featureName, program.targetName], words)
    let found = try await simulate { channel in
      let scheme = InsecureKeys.checkedScheme(over: channel, seed: 6)
      let inputs = Dictionary(uniqueKeysWithValues: zip(names, values.map(scheme.constant)))
      let steps = CheckedTraining(scheme).steps(of: program, keys: [], after: 0)
      return try await scheme.open(try await steps.run(0, inputs, own: [:]))
    }[0]
    let clear = ClearScheme()
    let inputs = Dictionary(uniqueKeysWithValues: zip(names + noise.names, (values + drawn).map(clear.constant)))
    let numbers = program.numbers.mapValues { $0[0] }
    let expected = try await SecureEngine(clear, fractionBits: 20)
      .run(graph, inputs: inputs, numbers: numbers, noise: Set(noise.names)).map(\.value)
    var largest = 0.0
    for (before, (a, b)) in zip(words, zip(found, expected)).prefix(program.weightNames.count) {
      for (x, y) in zip(a.reals(fractionBits: 20), b.reals(fractionBits: 20)) { #expect(abs(x - y) < 0x1p-10) }
      largest = (a - before).reals(fractionBits: 20).reduce(largest) { max($0, abs($1)) }
    }
    #expect(largest > 100 * 0x1p-10)
  }

  /// A party that deviates in some round of a private training ends it: nothing is told.
  @Test(arguments: ["replicated-malicious", "spdz"], [Tampering.addError, .tellOnePeer])
  func deviatingPartiesEndIt(scheme: String, tampering: Tampering) async throws {
    let fixture = try Fixture("reveal: [model], scheme: \(scheme)", epochs: 1, owners: 1)
    defer { fixture.remove() }
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let program = try TrainingProgram(prepared)
    let weights = try prepared.firstWeights().byName
    let sharing: ClusterScheme = scheme == "spdz" ? .spdz(partyCount: 2) : .replicatedMalicious
    func train(_ wrapping: @escaping @Sendable (MemoryChannel) -> any Channel) async throws {
      _ = try await MemoryTraining.train(
        program, scheme: sharing, weights: weights, prepared: prepared, deadline: .seconds(60), wrapping: wrapping,
        waiting: { _ in }, progress: { _ in })
    }
    let honest = NIOLockedValueBox<TamperingChannel?>(nil)
    try await train { base in
      let channel = TamperingChannel(base, nil, round: 0, seed: 0)
      honest.withLockedValue { $0 = channel }
      return channel
    }
    let roundCount = honest.withLockedValue { $0?.roundCount ?? 0 }
    try #require(roundCount > 300)
    var (caught, passed) = (0, 0)
    for round in stride(from: 5, to: roundCount, by: roundCount / 9) {
      do {
        try await train { base in
          guard base.party == round % sharing.partyCount else { return base }
          return TamperingChannel(base, tampering, round: round, seed: UInt64(round))
        }
        passed += 1
      } catch is SharingError { caught += 1 } catch is ChannelError { caught += 1 }
    }
    // A round in which that party sends nothing, or random numbers of its own, is no deviation.
    #expect(caught >= 6 && passed <= 4, "\(caught) and \(passed)")
  }

  // MARK: Noise of parties' own

  @Test func noiseIsOnesOwnAndKept() async throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let program = try TrainingProgram(try PreparedJob(fixture.job, environment: [:]))
    let shape: (String) -> Shape = { _ in [500, 100] }
    let keys = [[UInt8](repeating: 1, count: 16), [UInt8](repeating: 2, count: 16)]
    let noise = try keys.map { try #require(try StepNoise(program, key: $0)) }
    let first = noise[0].words(ofStep: 3, shape: shape)
    #expect(first == noise[0].words(ofStep: 3, shape: shape), "a step that is taken again has the same noise")
    let others = [noise[0].words(ofStep: 4, shape: shape), noise[1].words(ofStep: 3, shape: shape)]
    let names = try #require(program.noise).names
    #expect(Set(names.map { first[$0]?.scalars[0..<4] }).count == names.count)
    for other in others { #expect(mismatchCount(first[names[0]]!.scalars, other[names[0]]!.scalars) > 49_000) }
    // The variance of two parties' noise is that which is accounted: of 50,000 numbers it is within 4.5 standard errors
    // of its own, √(2/50,000), in all but one of 10⁵ runs; the keys are fixed.
    let sum = first[names[0]]! + others[1][names[0]]!
    let variance = sum.signed.reduce(0) { $0 + Double($1) * Double($1) } / Double(sum.count)
    let expected = 2 * pow(4, Double(try #require(program.noise).bits))
    #expect(abs(variance / expected - 1) < 4.5 * (2.0 / 50_000).squareRoot())
    let clipping = try SharedClipping(
      try PreparedJob(fixture.job, environment: [:]).description, loss: .binaryCrossEntropy, norm: 0.5,
      noiseMultiplier: 0.5 * 3.0.squareRoot(), fractionBits: 20, sharing: .replicated)
    let accounted = 0.5 * 3.0.squareRoot() * Double(clipping.factorScale) * (1 + clipping.overshoot) * 0x1p20
    #expect(expected.squareRoot() >= accounted && expected.squareRoot() < 1.001 * accounted)
  }

  @Test func refusesAProgramThatTellsMore() async throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    var program = try TrainingProgram(try PreparedJob(fixture.job, environment: [:]))
    program.revealsLoss = true
    #expect(throws: ServingError.self) { try program.validate() }
    program.revealsLoss = false
    program.noise?.bits = 40
    #expect(throws: ServingError.self) { try program.validate() }
  }

  // MARK: Resuming

  /// A training that was cut and is gone on with twice, from the same checkpoints, ends with the very same words, noise and
  /// all: no message that was sent before the cut is ever sent with another noise.
  @Test func goesOnWithTheSameNoise() async throws {
    let fixture = try Fixture("reveal: [model], checkpoint: 1", owners: 1)
    defer { fixture.remove() }
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let program = try TrainingProgram(prepared)
    let key = StorageKey()
    func places(_ name: String) throws -> [TrainingPlace] {
      try (0..<3).map {
        try TrainingStore(folder: "\(fixture.folder)/\(name)-\($0)", key: key)
          .place(of: "ab", party: $0, scheme: .replicated, client: "owner")
      }
    }
    let (cut, again) = (try places("cut"), try places("again"))
    let origins = try freshOrigins(of: program, prepared, places: cut)
    #expect(await Self.train(program, origins, fault: FaultPlan([900: .cut])) == nil)
    #expect(cut.allSatisfy { $0.steps.contains { $0 > 0 } }, "it was cut after a checkpoint")
    for party in 0..<3 {
      try FileManager.default.copyItem(
        atPath: "\(fixture.folder)/cut-\(party)", toPath: "\(fixture.folder)/again-\(party)")
    }
    let first = await Self.train(program, cut.map { .resumed($0) }, fault: FaultPlan([:]))
    let second = await Self.train(program, again.map { .resumed($0) }, fault: FaultPlan([:]))
    #expect(first != nil && first == second)
  }

  /// The sum of three parties' summands of the weights; `fault` is what party 1's channel suffers.
  private static func train(
    _ program: TrainingProgram, _ origins: [PendingTraining.Origin], fault: FaultPlan
  ) async -> RingTensor? {
    let news = NIOLockedValueBox<[RingTensor]>([])
    let wrap: @Sendable (MemoryChannel) -> any Channel = {
      FaultyChannel($0, plan: $0.party == 1 ? fault : FaultPlan([:]))
    }
    _ = await outcomes(wrapping: wrap) { channel in
      let pending = PendingTraining(id: "ab", program: program, origin: origins[channel.party])
      let session = TrainingSession(
        channel: channel, training: pending,
        scheme: ReplicatedTraining(over: channel) { channel, _ in InsecureKeys.secrets(party: channel.party, seed: 5) })
      try await session.run(report: { item in
        if case .finished(let words, _) = item { news.withLockedValue { $0.append(words) } }
      })
    }
    let summands = news.withLockedValue { $0 }
    return summands.count == 3 ? summands[0] + summands[1] + summands[2] : nil
  }
}
