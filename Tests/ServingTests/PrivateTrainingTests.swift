import Arithmetic
import Foundation
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
  @Test(arguments: ["reveal: [model, metrics]", "reveal: [model], scheme: additive, parties: 2", "optimise: rounds"])
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
  @Test func learns() async throws {
    let fixture = try Fixture(noise: "noiseMultiplier: 0.02", epochs: 12)
    defer { fixture.remove() }
    let report = try await fixture.trainer.run().report
    #expect(report.accuracy ?? 0 >= 0.85)
  }

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
          .place(of: "ab", party: $0, scheme: .replicated)
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
