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

/// Trainings among additive parties with a dealer.
@Suite struct AdditiveTrainingTests {
  /// The program's own steps in floats are the oracle, and 2⁻¹² the bound, as with replicated parties; that traffic and what
  /// is dealt are as planned, byte for byte, is checked in every run. Steps of one kind share a program though their public
  /// numbers differ, and the last batch of an epoch is smaller.
  @Test(
    arguments: [
      (
        "layers: [{dense: 6}, relu, {dense: 1}]",
        "optimizer: {sgd: {learningRate: 0.03, momentum: 0.9}}, schedule: cosine",
        3
      ),
      ("layers: [{dense: 6}, {dropout: 0.25}, tanh, {dense: 1}]", "optimizer: {adam: {learningRate: 0.01}}", 3),
      (
        "input: [1, 6, 6], layers: [{conv2d: {filters: 2, kernel: 3}}, {maxPool: 2}, relu, flatten, {dense: 1}]",
        "optimizer: {sgd: {learningRate: 0.05}}", 36
      ),
    ], [2, 3])
  func followsItsStepsInTheClear(
    _ job: (model: String, optimizer: String, features: Int), parties: Int
  ) async throws {
    let fixture = try TrainingFixture(
      job.model, training: "epochs: 2, batch: 8, seed: 3, loss: meanSquaredError, \(job.optimizer)",
      encrypted: "scheme: additive, parties: \(parties), reveal: [loss, model]", rows: 44, owners: 2,
      features: job.features)
    defer { fixture.remove() }
    let outcome = try await fixture.trainer.run()
    let prepared = try PreparedJob(fixture.job, environment: [:])
    try TrainingFixture.expectClearWeights(
      try #require(outcome.result).model.weights.byName, of: prepared, within: 0x1p-12)
    let report = outcome.report
    #expect(report.loss.count == 2 && report.ownerRows == [18, 18])
    let planned = try #require(report.planned)
    #expect(report.rounds == planned.rounds && report.bytesSent == planned.bytesSent)
    #expect(report.dealtBytes == planned.dealtBytes && report.dealtBytes ?? 0 > 0)
    #expect(report.offlineSeconds ?? 0 > 0)
  }

  /// Who owns the revealed model counts in the clear what the parties count on shares.
  @Test func isJudgedOnShares() async throws {
    var accuracies: [Double?] = []
    for reveal in ["[model]", "[metrics]"] {
      let fixture = try TrainingFixture(
        "layers: [{dense: 4}, relu, {dense: 1}, sigmoid]",
        training: "epochs: 2, batch: 8, seed: 3, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}",
        encrypted: "scheme: additive, reveal: \(reveal)", rows: 60, label: { $0 > 0 ? "yes" : "no" })
      defer { fixture.remove() }
      accuracies.append(try await fixture.trainer.run().report.accuracy)
    }
    #expect(accuracies[0] == accuracies[1] && accuracies[1] != nil)
  }

  // MARK: Resuming

  private struct Attempt {
    var weights: [String: Tensor<Float>]?
    var epochs: Set<Int> = []
    /// Keystreams that were drawn from, at both parties.
    var programs: Set<String> = []
  }

  /// Two parties whose keys are the same in every attempt; `fault` is what party 1's channel suffers.
  private func attempt(
    _ program: TrainingProgram, _ origins: [PendingTraining.Origin], fault: FaultPlan
  ) async throws -> Attempt {
    let dealer = try await MemoryTrainingDealer<AdditiveScheme>(partyCount: 2)
    let dealing = Task { await dealer.run() }
    defer { dealing.cancel() }
    let attempt = NIOLockedValueBox(Attempt())
    let summands = NIOLockedValueBox<[RingTensor]>([])
    let wrap: @Sendable (MemoryChannel) -> any Channel = {
      FaultyChannel($0, plan: $0.party == 1 ? fault : FaultPlan([:]))
    }
    _ = await outcomes(partyCount: 2, wrapping: wrap) { channel in
      let scheme = InsecureDealer.scheme(
        over: channel, seed: 5, observer: { draw in attempt.withLockedValue { _ = $0.programs.insert(draw.program) } })
      let pending = PendingTraining(id: "ab", program: program, origin: origins[channel.party])
      let training = try dealer.training(scheme, over: channel) { _ in }
      try await TrainingSession(channel: channel, training: pending, scheme: training).run { news in
        switch news {
        case .step, .waiting: break
        case .epoch(let epoch, _): attempt.withLockedValue { _ = $0.epochs.insert(epoch) }
        case .finished(let words, _): summands.withLockedValue { $0.append(words) }
        }
      }
    }
    var result = attempt.withLockedValue { $0 }
    let parts = summands.withLockedValue { $0 }
    if parts.count == 2 { result.weights = weights(program, parts[0] + parts[1]) }
    return result
  }

  private func weights(_ program: TrainingProgram, _ words: RingTensor) -> [String: Tensor<Float>] {
    let all = FixedTensor(ring: words, fractionBits: program.fractionBits).decoded().scalars
    var rest = all[...]
    return Dictionary(
      uniqueKeysWithValues: program.weightNames.map { name in
        let shape = program.shape(of: name)
        defer { rest = rest.dropFirst(shape.count) }
        return (name, Tensor(shape: shape, scalars: Array(rest.prefix(shape.count))))
      })
  }

  /// A training that is cut, goes on and is cut again ends within the bound of the same steps in floats; and no keystream
  /// serves two attempts, though each begins with the same keys and takes steps of an earlier one again.
  @Test func aTrainingThatWasCutGoesOnWithFreshMasks() async throws {
    let fixture = try TrainingFixture(
      "layers: [{dense: 4}, relu, {dense: 1}]",
      training:
        "epochs: 3, batch: 8, seed: 3, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.05, momentum: 0.5}}",
      encrypted: "scheme: additive, reveal: [loss, model], checkpoint: 2")
    defer { fixture.remove() }
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let program = try TrainingProgram(prepared)
    let scheme = ClusterScheme.additive(partyCount: 2)
    let places = try (0..<2).map {
      try TrainingStore(folder: fixture.folder + "/party-\($0)", key: StorageKey())
        .place(of: "ab", party: $0, scheme: scheme, client: "owner")
    }
    let origins = try Self.origins(program, prepared, scheme, places)
    var attempts = [try await attempt(program, origins, fault: FaultPlan([150: .cut]))]
    let first = places.map { $0.steps.max() ?? 0 }
    #expect(first.allSatisfy { $0 > 0 })
    let resumed = places.map { PendingTraining.Origin.resumed($0) }
    for fault in [FaultPlan([40: .cut]), FaultPlan([:])] {
      attempts.append(try await attempt(program, resumed, fault: fault))
    }
    #expect(attempts[0].weights == nil && attempts[1].weights == nil && places.allSatisfy { $0.steps.isEmpty })
    try TrainingFixture.expectClearWeights(try #require(attempts[2].weights), of: prepared, within: 0x1p-12)
    #expect(attempts[2].epochs == [1, 2, 3], "losses of before are told again")
    for (earlier, later) in [(0, 1), (0, 2), (1, 2)] {
      #expect(attempts[earlier].programs.isDisjoint(with: attempts[later].programs))
      #expect(!attempts[earlier].programs.isEmpty)
    }
  }

  private static func origins(
    _ program: TrainingProgram, _ prepared: PreparedJob, _ scheme: ClusterScheme, _ places: [TrainingPlace]
  ) throws -> [PendingTraining.Origin] {
    let words = try SecretRows.encode(
      prepared.features, prepared.targets, 0..<program.rowCount, fractionBits: program.fractionBits)
    let parcels = scheme.parcels(of: [words])
    let initial = prepared.description.initialWeights(seed: SeedTree(seed: program.seed).child("weights")).byName
    let weights = try program.weightNames.map {
      try SecretInput.encode(try #require(initial[$0]), named: $0, fractionBits: program.fractionBits)
    }
    let weightParcels = AdditiveSharing.parcels(of: weights, partyCount: 2)
    return try places.enumerated().map { party, place in
      var rows = SharedRows(width: words.shape[1])
      rows.append(
        try SharedRows.Block(
          parcels[party].bytes, rowCount: program.rowCount, width: words.shape[1], party: party, scheme: scheme))
      let shares = try AdditiveSharing.unpack(
        weightParcels[party], party: party, partyCount: 2, shapes: weights.map(\.shape))
      return .fresh(rows: TrainingRows(training: rows), weights: .additive(shares), place: place)
    }
  }

  /// A later stop must not find one party's checkpoint of this attempt and another's of the last.
  @Test func checkpointsOfAnAbandonedAttemptAreForgotten() throws {
    let fixture = try TrainingFixture(
      "layers: [{dense: 1}]",
      training: "epochs: 2, batch: 8, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.1}}",
      encrypted: "scheme: additive, reveal: []")
    defer { fixture.remove() }
    let program = try TrainingProgram(try PreparedJob(fixture.job, environment: [:]))
    let place = try TrainingStore(folder: fixture.folder + "/store", key: StorageKey())
      .place(of: "ab", party: 1, scheme: .additive(partyCount: 2), client: "owner")
    try place.begin([], noiseKey: [], digest: [1], rows: TrainingRows(training: SharedRows(width: 4)))
    let values = Dictionary(
      uniqueKeysWithValues: program.valueNames.map {
        ($0, HeldShare(components: [RingTensor(repeating: 7, shape: program.shape(of: $0))]))
      })
    for step in [2, 4] { try place.save(TrainingState(step: step, values: values), names: program.valueNames) }
    try place.forget(after: 2)
    #expect(place.steps == [2])
    let state = try place.load(step: 2, names: program.valueNames, program: program)
    #expect(state.values.values.allSatisfy { $0.components.allSatisfy { $0.scalars.allSatisfy { $0 == 7 } } })
  }

  // MARK: The dealer

  /// A training's program, and a cluster of processes' parts whose parties hold its rows.
  private func withSharedRows(
    deadline: Duration, _ body: (AdditiveCluster, String, PreparedJob, TrainingProgram) async throws -> Void
  ) async throws {
    let fixture = try TrainingFixture(
      "layers: [{dense: 4}, relu, {dense: 1}]",
      training: "epochs: 2, batch: 8, seed: 3, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.05}}",
      encrypted: "scheme: additive, reveal: [loss, model], checkpoint: 2")
    defer { fixture.remove() }
    let cluster = try AdditiveCluster(deadline: deadline, folder: fixture.folder)
    defer { cluster.stop() }
    try await cluster.startDealer()
    try await cluster.startParties()
    let prepared = try PreparedJob(fixture.job, environment: [:])
    try await cluster.withClient { client in
      _ = try await share(prepared, client)
      // A prediction shows that the parties have formed a session.
      let name = try await client.share(try DealerFixture().model, fractionBits: 16)
      _ = try await client.prepare(name, batch: 1, runs: 1)
    }
    try await body(cluster, fixture.folder, prepared, try TrainingProgram(prepared))
  }

  private func share(_ prepared: PreparedJob, _ client: ClusterClient) async throws -> Cost {
    try await client.share(
      (prepared.features, prepared.targets), .training, dataset: "rows", owner: 0, agreed: [.loss, .model],
      fractionBits: 20)
  }

  private func weights(_ prepared: PreparedJob) -> [String: Tensor<Float>] {
    prepared.description.initialWeights(seed: SeedTree(seed: prepared.job.training.seed).child("weights")).byName
  }

  /// The dealer is away: those who wait are told, and the training goes on when it comes.
  @Test func aTrainingWaitsForTheDealer() async throws {
    try await withSharedRows(deadline: .seconds(300)) { cluster, _, prepared, program in
      await cluster.kill("dealer")
      let (told, teller) = AsyncStream.makeStream(of: DealerProgress.self)
      let first = weights(prepared)
      try await cluster.withClient(waiting: { teller.yield($0) }) { client in
        async let answer = client.train(
          program, id: "ab", weights: first, dataset: "rows", owners: ["client"], progress: { _ in })
        for await progress in told where "\(progress)" == "waiting for the dealer: 0 of 10 runs ready" { break }
        try await cluster.startDealer()
        let trained = try await answer
        #expect(trained.losses.count == 2 && trained.offlineSeconds > 0)
        try TrainingFixture.expectClearWeights(trained.weights, of: prepared, within: 0x1p-12)
      }
    }
  }

  /// A dealer that stays away ends the training; it goes on from its checkpoint when the dealer is back.
  @Test func aTrainingGoesOnWhenTheDealerIsBack() async throws {
    try await withSharedRows(deadline: .seconds(15)) { cluster, folder, prepared, program in
      await cluster.kill("dealer")
      try await cluster.withClient(patience: .seconds(60)) { client in
        // On a machine that is busy the parties may miss each other before the training begins.
        for id in ["a0", "a1", "a2", "a3", "a4"] {
          _ = try await share(prepared, client)
          let error = await #expect(throws: ServingError.self) {
            try await client.train(
              program, id: id, weights: weights(prepared), dataset: "rows", owners: ["client"], progress: { _ in })
          }
          #expect(error?.exitCode == 3)
          let began = ["p0", "p1"].allSatisfy {
            FileManager.default.fileExists(atPath: "\(folder)/\($0)/\(id)/step-0.sealed")
          }
          guard began, error?.description.contains("the dealer does not deal") == true else { continue }
          try await cluster.startDealer()
          let trained = try await client.resume(program, id: id, progress: { _ in })
          #expect(trained.losses.count == 2)
          return try TrainingFixture.expectClearWeights(trained.weights, of: prepared, within: 0x1p-12)
        }
        Issue.record("no training has begun")
      }
    }
  }

  // MARK: Refusals

  /// A job and a cluster that do not fit are refused before anybody is asked.
  @Test(arguments: [("scheme: additive", true), ("scheme: additive, parties: 3", false), ("scheme: replicated", false)])
  func jobAndClusterMustFit(settings: String, isReplicated: Bool) async throws {
    let fixture = try TrainingFixture(
      "layers: [{dense: 1}]",
      training: "epochs: 1, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.1}}", encrypted: settings)
    defer { fixture.remove() }
    let authority = try CertificateAuthority.create(name: "test")
    func member(_ role: Role, _ name: String, _ port: Int) throws -> ClusterFile.Party {
      let print = try authority.issue(role: role, name: name, days: 1).fingerprint
      return .init(name: name, host: "127.0.0.1", port: port, certificate: print)
    }
    let cluster = try ClusterFile(
      parties: (1...(isReplicated ? 3 : 2)).map { try member(.party, "p\($0)", $0) },
      dealer: isReplicated ? nil : member(.dealer, "dealer", 9))
    var job = fixture.job
    job.encrypted?.transport = .tls
    job.cluster = fixture.folder + "/cluster.yaml"
    try cluster.save(to: fixture.folder + "/cluster.yaml")
    let trainer = EncryptedTrainer(
      job, environment: [:], versions: [:], executable: "/nowhere", folder: fixture.folder + "/run",
      identity: try authority.issue(role: .client, name: "boss", days: 1))
    let refusal = await #expect(throws: ServingError.self) { try await trainer.run() }
    let sentence = "\(refusal.map { "\($0)" } ?? "")"
    #expect(refusal?.exitCode == 2 && sentence.contains("change encrypted.scheme and encrypted.parties"), "\(sentence)")
  }
}
