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
  /// traffic is as planned, byte for byte, checks and the keeping of epochs included, is checked in every run.
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
      encrypted: "scheme: replicated-malicious, reveal: [loss, model], checkpoint: 3", rows: 44, owners: 2,
      features: job.features)
    defer { fixture.remove() }
    let outcome = try await fixture.trainer.run()
    let prepared = try PreparedJob(fixture.job, environment: [:])
    try TrainingFixture.expectClearWeights(
      try #require(outcome.result).model.weights.byName, of: prepared, within: 0x1p-12)
    let report = outcome.report
    #expect(report.loss.count == 2 && report.dealtBytes == nil)
    #expect(report.rounds == report.planned?.rounds && report.bytesSent == report.planned?.bytesSent)
  }

  /// The parties that follow the protocol are the oracle.
  @Test func tellsWhatOtherPartiesTell() async throws {
    try await TrainingFixture.expectSameReports(schemes: ["replicated", "replicated-malicious"])
  }

  /// A party that deviates in any step: no weights come out, or those of an honest run.
  @Test(arguments: [Tampering.tellOnePeer, .replay, .addError])
  func cheatingPartiesReleaseNothing(tampering: Tampering) async throws {
    let fixture = try TrainingFixture(
      Self.dense,
      training: "epochs: 1, batch: 20, seed: 3, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.03}}",
      encrypted: "scheme: replicated-malicious, reveal: [loss, model]")
    defer { fixture.remove() }
    let training = try await TamperedTraining(fixture, scheme: .replicatedMalicious)
    let roundCount = training.roundCount
    try #require(roundCount > 100)
    let outcome = try await training.attempt(
      tampering, rounds: stride(from: 0, to: roundCount, by: roundCount / 14))
    #expect(outcome.caught > 10 && outcome.refused == 0)
  }

  /// An owner that sends two parties different components is found out before the first step.
  @Test func ownersWhoSendDifferentRowsAreFoundOut() async throws {
    let fixture = try TrainingFixture(
      Self.dense, training: "epochs: 1, batch: 20, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.03}}",
      encrypted: "scheme: replicated-malicious, reveal: [model]")
    defer { fixture.remove() }
    let rows = try AlteredRows(fixture, scheme: .replicatedMalicious)
    try await rows.expectFoundOut(party: 1) { $0[$0.count - 3] ^= 4 }
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

  /// What is not kept is refused before anybody is asked.
  @Test func checkpointsWithMACsAreRefused() async throws {
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
        encrypted: {scheme: spdz, transport: memory, checkpoint: 5}
        """)
      _ = try await EncryptedTrainer(
        job, environment: [:], versions: [:], executable: "/nowhere", folder: folder + "/run"
      ).run()
    }
    let sentence = "\(refusal.map { "\($0)" } ?? "")"
    #expect(sentence.contains("keeps no checkpoints") && sentence.contains("scheme: spdz"), "\(sentence)")
  }
}
