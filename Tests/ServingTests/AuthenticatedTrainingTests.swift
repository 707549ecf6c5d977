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
    let program = try TrainingProgram(prepared)
    let expected = try TrainingFixture.clearWeights(program, prepared)
    let found = try #require(outcome.result).model.weights.byName
    for name in program.weightNames {
      for (a, b) in zip(expected[name]?.scalars ?? [], found[name]?.scalars ?? [.nan]) {
        #expect(abs(a - b) < 0x1p-12, "\(name): \(a) and \(b)")
      }
    }
    let report = outcome.report
    #expect(report.loss.count == 2 && report.ownerRows == [18, 18] && report.offlineSeconds ?? 0 > 0)
    let planned = try #require(report.planned)
    #expect(report.rounds == planned.rounds && report.bytesSent == planned.bytesSent)
    #expect(report.dealtBytes == planned.dealtBytes && report.dealtBytes ?? 0 > 0)
  }

  /// Losses and figures are those of the parties that follow the protocol, but for the rounding.
  @Test(arguments: [2, 3]) func tellsWhatOtherPartiesTell(parties: Int) async throws {
    var reports: [TrainingReport] = []
    for scheme in ["additive", "spdz"] {
      let fixture = try TrainingFixture(
        "layers: [{dense: 4}, relu, {dense: 1}, sigmoid]",
        training: "epochs: 2, batch: 8, seed: 3, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}",
        encrypted: "scheme: \(scheme), parties: \(parties), reveal: [loss, metrics]", rows: 60,
        label: { $0 > 0 ? "yes" : "no" })
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
    let parties = fixture.job.encrypted?.parties ?? 2
    return try await MemoryTraining.train(
      program, scheme: .spdz(partyCount: parties), weights: weights, prepared: prepared, deadline: .seconds(60),
      wrapping: wrapping, waiting: { _ in }, progress: { _ in })
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
    let honest = NIOLockedValueBox<TamperingChannel?>(nil)
    let expected = try await train(fixture) { base in
      let channel = TamperingChannel(base, nil, round: 0, seed: 0)
      honest.withLockedValue { $0 = channel }
      return channel
    }
    let roundCount = honest.withLockedValue { $0?.roundCount ?? 0 }
    try #require(roundCount > 50)
    var checks: Set<CheatingCheck> = []
    var passed = 0
    for round in 0..<roundCount {
      do {
        let answer = try await train(fixture) { base in
          guard base.party == round % parties else { return base }
          return TamperingChannel(base, tampering, round: round, seed: UInt64(round))
        }
        // What comes out in spite of a deviation is what would have come out without.
        passed += 1
        for (name, weight) in expected.weights {
          for (a, b) in zip(weight.scalars, answer.weights[name]?.scalars ?? [.nan]) {
            #expect(abs(a - b) < 0x1p-11, "\(tampering) in round \(round) of \(roundCount)")
          }
        }
      } catch SharingError.cheating(let check, _) {
        checks.insert(check)
      } catch is SharingError {} catch is ChannelError {} catch is ServingError {}
    }
    // The names of session and training are nobody's, and other ones serve as well.
    #expect(passed <= 4, "\(passed) of \(roundCount)")
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
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let program = try TrainingProgram(prepared)
    let scheme = ClusterScheme.spdz(partyCount: 2)
    let words = try SecretRows.encode(
      prepared.features, prepared.targets, 0..<program.rowCount, fractionBits: program.fractionBits)
    let parcels = scheme.parcels(of: [words])
    for isWrong in [false, true] {
      let rows = try (0..<2).map { party in
        var rows = SharedRows(width: words.shape[1])
        var bytes = parcels[party].bytes
        if isWrong, party == cheat { bytes[5] ^= 4 }
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
    #expect(throws: ServingError.self) {
      try SharedRows.Block(
        parcels[1].bytes.dropLast(), rowCount: program.rowCount, width: words.shape[1], party: 1, scheme: scheme)
    }
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
      let expected = try TrainingFixture.clearWeights(program, prepared)
      for name in program.weightNames {
        for (a, b) in zip(expected[name]?.scalars ?? [], answer.weights[name]?.scalars ?? [.nan]) {
          #expect(abs(a - b) < 0x1p-12, "\(name): \(a) and \(b)")
        }
      }
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
