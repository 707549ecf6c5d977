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

/// Trainings among replicated parties whose products are checked.
@Suite struct CheckedTrainingTests {
  private static let dense = "layers: [{dense: 6}, relu, {dense: 1}]"

  /// The program's own steps in floats are the oracle, and 2⁻¹² the bound, as with the parties that follow the protocol; that
  /// traffic is as planned, byte for byte, checks included, is checked in every run.
  @Test(
    arguments: [
      (dense, "optimizer: {sgd: {learningRate: 0.03, momentum: 0.9}}, schedule: cosine", 3),
      ("layers: [{dense: 6}, {dropout: 0.25}, tanh, {dense: 1}]", "optimizer: {adam: {learningRate: 0.01}}", 3),
      (
        "input: [1, 6, 6], layers: [{conv2d: {filters: 2, kernel: 3}}, {maxPool: 2}, relu, flatten, {dense: 1}]",
        "optimizer: {sgd: {learningRate: 0.05}}", 36
      ),
    ])
  func followsItsStepsInTheClear(_ job: (model: String, optimizer: String, features: Int)) async throws {
    let fixture = try TrainingFixture(
      job.model, training: "epochs: 2, batch: 8, seed: 3, loss: meanSquaredError, \(job.optimizer)",
      encrypted: "scheme: replicated-malicious, reveal: [loss, model]", rows: 44, owners: 2, features: job.features)
    defer { fixture.remove() }
    let outcome = try await fixture.trainer.run()
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let program = try TrainingProgram(prepared)
    let expected = try TrainingFixture.clearWeights(program, prepared)
    let found = try #require(outcome.result).model.weights.byName
    for name in program.weightNames {
      for (a, b) in zip(expected[name]?.scalars ?? [], found[name]?.scalars ?? [.nan]) {
        #expect(abs(a - b) < 0x1p-12, "\(name): \(a) and \(b)")
      }
    }
    let report = outcome.report
    #expect(report.loss.count == 2 && report.dealtBytes == nil)
    #expect(report.rounds == report.planned?.rounds && report.bytesSent == report.planned?.bytesSent)
  }

  /// Losses and figures are those of the parties that follow the protocol, but for the rounding.
  @Test func tellsWhatOtherPartiesTell() async throws {
    var reports: [TrainingReport] = []
    for scheme in ["replicated", "replicated-malicious"] {
      let fixture = try TrainingFixture(
        "layers: [{dense: 4}, relu, {dense: 1}, sigmoid]",
        training: "epochs: 2, batch: 8, seed: 3, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}",
        encrypted: "scheme: \(scheme), reveal: [loss, metrics]", rows: 60, label: { $0 > 0 ? "yes" : "no" })
      defer { fixture.remove() }
      reports.append(try await fixture.trainer.run().report)
    }
    #expect(reports[0].accuracy == reports[1].accuracy && reports[1].accuracy != nil)
    for (a, b) in zip(reports[0].loss, reports[1].loss) { #expect(abs(a - b) < 0x1p-10) }
    #expect(reports[1].loss.count == 2)
  }

  private func train(
    _ fixture: TrainingFixture, wrapping: @escaping @Sendable (MemoryChannel) -> any Channel
  ) async throws -> TrainingAnswer {
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let program = try TrainingProgram(prepared)
    let weights = prepared.description.initialWeights(seed: SeedTree(seed: program.seed).child("weights")).byName
    return try await MemoryTraining.train(
      program, scheme: .replicatedMalicious, weights: weights, prepared: prepared, deadline: .seconds(60),
      wrapping: wrapping, waiting: { _ in }, progress: { _ in })
  }

  /// A party that deviates in any step: no weights come out, or those of an honest run.
  @Test(arguments: [Tampering.tellOnePeer, .replay, .addError])
  func cheatingPartiesReleaseNothing(tampering: Tampering) async throws {
    let fixture = try TrainingFixture(
      Self.dense,
      training: "epochs: 1, batch: 20, seed: 3, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.03}}",
      encrypted: "scheme: replicated-malicious, reveal: [loss, model]")
    defer { fixture.remove() }
    let honest = NIOLockedValueBox<TamperingChannel?>(nil)
    let expected = try await train(fixture) { base in
      let channel = TamperingChannel(base, nil, round: 0, seed: 0)
      honest.withLockedValue { $0 = channel }
      return channel
    }
    let roundCount = honest.withLockedValue { $0?.roundCount ?? 0 }
    try #require(roundCount > 100)
    var caught = 0
    for round in stride(from: 0, to: roundCount, by: roundCount / 14) {
      do {
        let answer = try await train(fixture) { base in
          guard base.party == round % 3 else { return base }
          return TamperingChannel(base, tampering, round: round, seed: UInt64(round))
        }
        // What comes out in spite of a deviation is what would have come out without.
        for (name, weight) in expected.weights {
          for (a, b) in zip(weight.scalars, answer.weights[name]?.scalars ?? [.nan]) {
            #expect(abs(a - b) < 0x1p-11, "\(tampering) in round \(round) of \(roundCount)")
          }
        }
      } catch is SharingError { caught += 1 } catch is ChannelError { caught += 1 }
    }
    #expect(caught > 10)
  }

  /// An owner that sends two parties different components is found out before the first step.
  @Test func ownersWhoSendDifferentRowsAreFoundOut() async throws {
    let fixture = try TrainingFixture(
      Self.dense, training: "epochs: 1, batch: 20, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.03}}",
      encrypted: "scheme: replicated-malicious, reveal: [model]")
    defer { fixture.remove() }
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let program = try TrainingProgram(prepared)
    let scheme = ClusterScheme.replicatedMalicious
    let words = try SecretRows.encode(
      prepared.features, prepared.targets, 0..<program.rowCount, fractionBits: program.fractionBits)
    let parcels = scheme.parcels(of: [words])
    for isWrong in [false, true] {
      let rows = try (0..<3).map { party in
        var rows = SharedRows(width: words.shape[1])
        var bytes = parcels[party].bytes
        if isWrong, party == 1 { bytes[bytes.count - 3] ^= 4 }
        rows.append(
          try SharedRows.Block(
            bytes, rowCount: program.rowCount, width: words.shape[1], party: party, scheme: scheme))
        return TrainingRows(training: rows)
      }
      let weights = prepared.description.initialWeights(seed: SeedTree(seed: 1)).byName
      if isWrong {
        await #expect(throws: SharingError.cheating(check: .inputs, layer: "input")) {
          try await MemoryTraining.train(program, scheme: scheme, weights: weights, rows: rows)
        }
      } else {
        #expect(
          try await MemoryTraining.train(program, scheme: scheme, weights: weights, rows: rows).weights.count == 4)
      }
    }
  }

  /// Over TLS: a training among running parties, its traffic as planned; and one in which a party deviates, of which the client
  /// hears with the exit code of integrity.
  @Test func partiesTrainOverTLS() async throws {
    let fixture = try TrainingFixture(
      Self.dense,
      training: "epochs: 2, batch: 16, seed: 3, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.03}}",
      encrypted: "scheme: replicated-malicious, reveal: [loss, model]")
    defer { fixture.remove() }
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let program = try TrainingProgram(prepared)
    let weights = prepared.description.initialWeights(seed: SeedTree(seed: program.seed).child("weights")).byName
    for cheats in [false, true] {
      let cluster = try AdditiveCluster(parties: 3, scheme: .replicatedMalicious)
      defer { cluster.stop() }
      var observer = PartyObserver()
      observer.wrapping = { TamperingChannel($0, .tellOnePeer, round: 90, seed: 3) }
      for party in 0..<3 { try await cluster.startParty(party, observer: cheats && party == 1 ? observer : nil) }
      try await cluster.withClient { client in
        let sent = try await client.share(
          (prepared.features, prepared.targets), .training, dataset: "rows", owner: 0, agreed: [.loss, .model],
          fractionBits: program.fractionBits)
        if cheats {
          let error = try await #require(throws: ServingError.self) {
            try await client.train(
              program, id: "ab", weights: weights, dataset: "rows", owners: ["client"], progress: { _ in })
          }
          #expect(error.exitCode == 5 && "\(error)".contains("a party cheated"), "\(error)")
        } else {
          let answer = try await client.train(
            program, id: "ab", weights: weights, dataset: "rows", owners: ["client"], progress: { _ in })
          let plan = try await TrainingPlan(fixture.job, environment: [:])
          #expect((answer.traffic + sent).byteCount == plan.bytesSent && answer.losses.count == 2)
          await #expect(throws: ServingError.self) { try await client.resume(program, id: "ab", progress: { _ in }) }
        }
      }
    }
  }

  /// What cannot be checked, and what is not kept, is refused before anybody is asked.
  @Test(
    arguments: [
      ("checkpoint: 5", "", "keeps no checkpoints"),
      ("", "privacy: {unit: example, clip: 0.5, delta: 1e-3, noiseMultiplier: 1}", "nobody can check"),
    ], ["replicated-malicious", "spdz"])
  func whatIsNotThereIsRefused(
    _ settings: (encrypted: String, privacy: String, why: String), scheme: String
  ) async throws {
    let (encrypted, privacy, why) = settings
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let lines = ["a,answer"] + (0..<20).map { "\(Double($0) / 20),\($0 % 2 == 0 ? "h" : "l")" }
    try lines.joined(separator: "\n").write(toFile: folder + "/a.csv", atomically: true, encoding: .utf8)
    let refusal = await #expect(throws: (any Error).self) {
      let job = try Job.parse(
        """
        model: {layers: [{dense: 1}, sigmoid]}
        data: {file: '\(folder)/a.csv', target: answer, ranges: {a: [0, 1]}, categories: {answer: [l, h]}}
        training: {epochs: 1, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}}
        mode: encrypted
        encrypted: {scheme: \(scheme), transport: memory, \(encrypted)}
        \(privacy)
        """)
      _ = try await EncryptedTrainer(
        job, environment: [:], versions: [:], executable: "/nowhere", folder: folder + "/run"
      ).run()
    }
    let sentence = "\(refusal.map { "\($0)" } ?? "")"
    #expect(sentence.contains(why) && sentence.contains("scheme: \(scheme)"), "\(sentence)")
  }
}
