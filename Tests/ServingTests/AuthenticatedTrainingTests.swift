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

/// Trainings among parties with a dealer whose shares have MACs.
@Suite struct AuthenticatedTrainingTests {
  private static let dense = "layers: [{dense: 6}, relu, {dense: 1}]"
  private static let logistic = "layers: [{dense: 1}, sigmoid]"

  /// The program's own steps in floats are the oracle, and 2⁻¹² the bound, as with the parties that follow the protocol; that
  /// traffic and what is dealt are as planned, byte for byte, MACs and checks included, is checked in every run.
  @Test(
    arguments: [
      (dense, "loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.03, momentum: 0.9}}, schedule: cosine", 3),
      (logistic, "loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}", 3),
      (
        "layers: [{dense: 6}, {dropout: 0.25}, tanh, {dense: 1}]",
        "loss: meanSquaredError, optimizer: {adam: {learningRate: 0.01}}", 3
      ),
      (
        "input: [1, 6, 6], layers: [{conv2d: {filters: 2, kernel: 3}}, {maxPool: 2}, relu, flatten, {dense: 1}]",
        "loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.05}}", 36
      ),
    ], [2, 3])
  func followsItsStepsInTheClear(
    _ job: (model: String, training: String, features: Int), parties: Int
  ) async throws {
    let isLogistic = job.model == Self.logistic
    let fixture = try TrainingFixture(
      job.model, training: "epochs: 2, batch: 8, seed: 3, \(job.training)",
      encrypted: "scheme: spdz, parties: \(parties), reveal: [loss, model]", rows: 44, owners: 2,
      features: job.features, label: { isLogistic ? ($0 > 0 ? "yes" : "no") : "\($0)" })
    defer { fixture.remove() }
    let outcome = try await fixture.trainer.run()
    let prepared = try PreparedJob(fixture.job, environment: [:])
    try TrainingFixture.expectClearWeights(
      try #require(outcome.result).model.weights.byName, of: prepared, within: 0x1p-12)
    let report = outcome.report
    #expect(report.loss.count == 2 && report.ownerRows == [18, 18] && report.offlineSeconds ?? 0 > 0)
    let planned = try #require(report.planned)
    #expect(report.rounds == planned.rounds && report.bytesSent == planned.bytesSent)
    #expect(report.dealtBytes == planned.dealtBytes && report.dealtBytes ?? 0 > 0)
  }

  /// The parties that follow the protocol are the oracle.
  @Test(arguments: [2, 3]) func tellsWhatOtherPartiesTell(parties: Int) async throws {
    try await TrainingFixture.expectSameReports(schemes: ["additive", "spdz"].map { "\($0), parties: \(parties)" })
  }

  /// A party that deviates in any one round of a training, be it inputs, products, truncations, comparisons, a check or the
  /// opening of the result: no weights come out, or those of an honest run.
  @Test(arguments: [Tampering.addError, .flipBit, .tellOnePeer, .replay], [2, 3])
  func cheatingPartiesReleaseNothing(tampering: Tampering, parties: Int) async throws {
    let fixture = try TrainingFixture(
      Self.dense,
      training: "epochs: 1, batch: 20, seed: 3, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.03}}",
      encrypted: "scheme: spdz, parties: \(parties), reveal: [loss, model]")
    defer { fixture.remove() }
    let training = try await TamperedTraining(fixture, scheme: .spdz(partyCount: parties))
    try #require(training.roundCount > 50)
    let outcome = try await training.attempt(tampering, rounds: 0..<training.roundCount)
    let checks = outcome.checks
    // The names of session and training are nobody's, and other ones serve as well.
    #expect(outcome.passed <= 4, "\(outcome.passed) of \(training.roundCount)")
    switch tampering {
    case .addError: #expect(checks.isSuperset(of: [.words, .inputs, .commitment]), "\(checks)")
    case .flipBit: #expect(checks.isSuperset(of: [.words, .bits, .inputs, .commitment]), "\(checks)")
    case .tellOnePeer: #expect(checks.contains(.agreement), "\(checks)")
    case .replay, .copy, .shorten, .leave: #expect(!checks.isEmpty)
    }
  }

  /// A row that one party has changed is found out before the first step; whoever changed it.
  @Test(arguments: [0, 1]) func changedRowsAreFoundOut(cheat: Int) async throws {
    let fixture = try TrainingFixture(
      Self.dense, training: "epochs: 1, batch: 20, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.03}}",
      encrypted: "scheme: spdz, reveal: [model]")
    defer { fixture.remove() }
    let rows = try AlteredRows(fixture, scheme: .spdz(partyCount: 2))
    try await rows.expectFoundOut(party: cheat) { $0[5] ^= 4 }
    #expect(throws: ServingError.self) { try rows.block(rows.parcels[1].dropLast(), party: 1) }
  }

  /// Over TLS, with a dealer of its own: a training among running parties, its traffic as planned; and one in which a party
  /// deviates, of which the client hears with the exit code of integrity. The parties train anew afterwards.
  @Test func partiesTrainOverTLS() async throws {
    let fixture = try TrainingFixture(
      Self.dense,
      training: "epochs: 2, batch: 16, seed: 3, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.03}}",
      encrypted: "scheme: spdz, reveal: [loss, model]")
    defer { fixture.remove() }
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let program = try TrainingProgram(prepared)
    let weights = prepared.description.initialWeights(seed: SeedTree(seed: program.seed).child("weights")).byName
    let cluster = try AdditiveCluster(scheme: .spdz)
    defer { cluster.stop() }
    var observer = PartyObserver()
    let sessions = NIOLockedValueBox(0)
    // In its first session alone.
    observer.wrapping = { channel in
      let number = sessions.withLockedValue { count in
        count += 1
        return count
      }
      return number == 1 ? TamperingChannel(channel, .addError, round: 60, seed: 3) : channel
    }
    try await cluster.startDealer()
    for party in 0..<2 { try await cluster.startParty(party, observer: party == 1 ? observer : nil) }
    func train(_ id: String, _ client: ClusterClient) async throws -> (answer: TrainingAnswer, sent: Cost) {
      let sent = try await client.share(
        (prepared.features, prepared.targets), .training, dataset: "rows", owner: 0, agreed: [.loss, .model],
        fractionBits: program.fractionBits)
      let answer = try await client.train(
        program, id: id, weights: weights, dataset: "rows", owners: ["client"], progress: { _ in })
      return (answer, sent)
    }
    try await cluster.withClient { client in
      let error = try await #require(throws: ServingError.self) { try await train("aa", client) }
      #expect(error.exitCode == 5 && "\(error)".contains("a party cheated"), "\(error)")
    }
    try await cluster.withClient { client in
      let (answer, sent) = try await train("ab", client)
      let plan = try await TrainingPlan(fixture.job, environment: [:])
      let traffic = answer.traffic + sent
      #expect(traffic.byteCount == plan.bytesSent && traffic.dealtByteCount == plan.dealtBytes)
      #expect(answer.losses.count == 2)
      try TrainingFixture.expectClearWeights(answer.weights, of: prepared, within: 0x1p-12)
      await #expect(throws: ServingError.self) { try await client.resume(program, id: "ab", progress: { _ in }) }
    }
  }

  /// Parties that were given different programs of one name refuse before anything is dealt.
  @Test func differentProgramsAreRefused() async throws {
    let fixture = try TrainingFixture(
      Self.dense, training: "epochs: 1, batch: 20, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.03}}",
      encrypted: "scheme: spdz, reveal: [model]")
    defer { fixture.remove() }
    let program = try TrainingProgram(try PreparedJob(fixture.job, environment: [:]))
    let dealer = try await MemoryTrainingDealer<AuthenticatedScheme>(partyCount: 2)
    let results = await outcomes(partyCount: 2) { channel in
      var own = program
      own.epochs += channel.party
      let scheme = InsecureDealer.authenticatedScheme(over: channel, seed: 1)
      return try await dealer.training(scheme, over: channel) { _ in }.steps(of: own, keys: [], after: 0).traffic
    }
    for result in results {
      let error = #expect(throws: ServingError.self) { try result.get() }
      #expect("\(error.map { "\($0)" } ?? "")".contains("another program"))
    }
  }
}
