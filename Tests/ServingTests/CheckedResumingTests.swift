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

/// Trainings of replicated parties whose products are checked that stop and go on.
@Suite struct CheckedResumingTests {
  private let fixture: TrainingFixture
  private let prepared: PreparedJob
  private let program: TrainingProgram
  private let places: [TrainingPlace]

  init() throws {
    fixture = try TrainingFixture(
      "layers: [{dense: 4}, relu, {dense: 1}]",
      training:
        "epochs: 3, batch: 8, seed: 3, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.05, momentum: 0.5}}",
      encrypted: "scheme: replicated-malicious, reveal: [loss, model], checkpoint: 2")
    prepared = try PreparedJob(fixture.job, environment: [:])
    program = try TrainingProgram(prepared)
    let folder = fixture.folder
    places = try (0..<3).map {
      try TrainingStore(folder: "\(folder)/party-\($0)", key: StorageKey())
        .place(of: "ab", party: $0, scheme: .replicatedMalicious, client: "owner")
    }
  }

  /// What the client keeps for one attempt.
  private func freshMask() -> RingTensor {
    let count = program.epochs + program.revealedCount
    return RingTensor(shape: [count], scalars: SecureRandom.words(count))
  }

  private func fresh(_ mask: RingTensor) throws -> [PendingTraining.Origin] {
    let words = try SecretRows.encode(
      prepared.features, prepared.targets, 0..<program.rowCount, fractionBits: program.fractionBits)
    let parcels = ClusterScheme.replicatedMalicious.parcels(of: [words])
    let weights = prepared.description.initialWeights(seed: SeedTree(seed: program.seed).child("weights")).byName
    let shares = try replicatedShares(
      of: try program.weightNames.map {
        try SecretInput.encode(weights[$0]!, named: $0, fractionBits: program.fractionBits)
      } + [mask])
    return try (0..<3).map { party in
      var rows = SharedRows(width: words.shape[1])
      rows.append(
        try SharedRows.Block(
          parcels[party].bytes, rowCount: program.rowCount, width: words.shape[1], party: party,
          scheme: .replicatedMalicious))
      return .fresh(
        rows: TrainingRows(training: rows), weights: .checked(shares[party]), place: places[party])
    }
  }

  private func resumed(_ mask: RingTensor) throws -> [PendingTraining.Origin] {
    let shares = try replicatedShares(of: [mask])
    return (0..<3).map { .resumed(places[$0], masks: .checked(shares[$0])) }
  }

  private struct Attempt {
    /// Sums of epochs' losses, as words.
    var losses: [Int: Set<UInt64>] = [:]
    var results: [RingTensor] = []
    var failures: [any Error] = []
  }

  /// One attempt in which party 1's channel suffers the fault; what was told, without the mask.
  private func attempt(_ origins: [PendingTraining.Origin], _ mask: RingTensor, fault: FaultPlan) async -> Attempt {
    let attempt = NIOLockedValueBox(Attempt())
    let program = program
    let wrap: @Sendable (MemoryChannel) -> any Channel = {
      FaultyChannel($0, plan: $0.party == 1 ? fault : FaultPlan([:]))
    }
    let ends = await outcomes(wrapping: wrap) { channel in
      let scheme = try await CheckedScheme.startTraining(over: channel, session: "training")
      let pending = PendingTraining(id: "ab", program: program, origin: origins[channel.party])
      try await TrainingSession(channel: channel, training: pending, scheme: CheckedTraining(scheme)).run { news in
        attempt.withLockedValue { attempt in
          switch news {
          case .step, .waiting: break
          case .epoch(let epoch, let loss):
            guard let word = loss?.scalars.first else { return }
            attempt.losses[epoch, default: []].insert(word &- mask.scalars[epoch - 1])
          case .finished(let words, _):
            attempt.results.append(words - mask.sliced(axis: 0, program.epochs..<mask.count))
          }
        }
      }
    }
    return attempt.withLockedValue { attempt in
      attempt.failures = ends.compactMap { if case .failure(let error) = $0 { error } else { nil } }
      return attempt
    }
  }

  /// A training that is cut, goes on and is cut again ends with the weights of the same steps in floats; losses that were told before
  /// are told again, word for word, whatever the masks.
  @Test func goesOnAfterStops() async throws {
    defer { fixture.remove() }
    let masks = (0..<3).map { _ in freshMask() }
    var attempts = [await attempt(try fresh(masks[0]), masks[0], fault: FaultPlan([1300: .cut]))]
    let first = places.map { $0.steps.max() ?? 0 }
    #expect(first.allSatisfy { $0 > 4 }, "\(first)")
    for (mask, fault) in zip(masks.dropFirst(), [FaultPlan([500: .cut]), FaultPlan([:])]) {
      attempts.append(await attempt(try resumed(mask), mask, fault: fault))
    }
    #expect(attempts[0].results.isEmpty && attempts[1].results.isEmpty && attempts[2].failures.isEmpty)
    #expect(attempts[2].results.count == 3 && places.allSatisfy { $0.steps.isEmpty })
    let words = try #require(attempts[2].results.first)
    #expect(attempts[2].results.allSatisfy { $0 == words })
    var rest = FixedTensor(ring: words, fractionBits: program.fractionBits).decoded().scalars[...]
    var found: [String: Tensor<Float>] = [:]
    for name in program.weightNames {
      let shape = program.shape(of: name)
      found[name] = Tensor(shape: shape, scalars: Array(rest.prefix(shape.count)))
      rest = rest.dropFirst(shape.count)
    }
    try TrainingFixture.expectClearWeights(found, of: prepared, within: 0x1p-12)
    #expect(Set(attempts[2].losses.keys) == [1, 2, 3] && !attempts[0].losses.isEmpty)
    for (epoch, word) in attempts[2].losses {
      #expect(word.count == 1)
      for earlier in attempts.dropLast() { #expect(earlier.losses[epoch] ?? word == word) }
    }
    let late = await attempt(try resumed(masks[0]), masks[0], fault: FaultPlan([:]))
    #expect(late.failures.count == 3 && late.failures.allSatisfy { !($0 is SharingError) }, "it is told once")
  }

  /// A number that one party has changed in its checkpoint is found before a step is taken, whichever component it is of.
  @Test(arguments: [0, 1]) func changedCheckpointsAreFoundOut(component: Int) async throws {
    defer { fixture.remove() }
    let masks = (0..<3).map { _ in freshMask() }
    let cut = await attempt(try fresh(masks[0]), masks[0], fault: FaultPlan([700: .cut]))
    #expect(cut.results.isEmpty)
    for step in places[2].steps {
      var state = try places[2].load(step: step, names: program.valueNames, program: program)
      let name = program.weightNames[0]
      let held = try #require(state.values[name])
      var components = held.components
      components[component] = components[component].adding(1)
      state.values[name] = HeldShare(components: components)
      try places[2].save(state, names: program.valueNames)
    }
    let changed = await attempt(try resumed(masks[1]), masks[1], fault: FaultPlan([:]))
    #expect(changed.failures.count == 3 && changed.results.isEmpty)
    for error in changed.failures {
      #expect(error as? SharingError == .cheating(check: .inputs, layer: "input"), "\(error)")
    }
  }

  /// A party that was sent another mask than its neighbours stops it likewise.
  @Test func unequalMasksAreFoundOut() async throws {
    defer { fixture.remove() }
    let mask = freshMask()
    let cut = await attempt(try fresh(mask), mask, fault: FaultPlan([700: .cut]))
    #expect(cut.results.isEmpty)
    let (one, other) = (try resumed(mask), try resumed(mask.adding(1)))
    let unequal = await attempt([one[0], other[1], one[2]], mask, fault: FaultPlan([:]))
    #expect(unequal.failures.count == 3)
    // Nothing was taken from the checkpoints: they serve still.
    let again = await attempt(try resumed(mask), mask, fault: FaultPlan([:]))
    #expect(again.failures.isEmpty && again.results.count == 3)
  }
}
