import Arithmetic
import Identity
import Learning
import NIOConcurrencyHelpers
import Serving
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

/// What holds of trainings whatever the parties' scheme.
extension TrainingFixture {
  /// Weights are those of the same steps in the clear.
  static func expectClearWeights(
    _ found: [String: Tensor<Float>], of prepared: PreparedJob, within bound: Float
  ) throws {
    let program = try TrainingProgram(prepared)
    expectWeights(
      found, equal: try clearWeights(program, prepared), names: program.weightNames, within: bound)
  }

  /// - Parameter names: all that must be there.
  static func expectWeights(
    _ found: [String: Tensor<Float>], equal expected: [String: Tensor<Float>], names: [String], within bound: Float,
    _ comment: String = ""
  ) {
    for name in names {
      guard let a = expected[name], let b = found[name], a.shape == b.shape else {
        Issue.record("\(name) is missing, or has another shape \(comment)")
        continue
      }
      for (a, b) in zip(a.scalars, b.scalars) { #expect(abs(a - b) < bound, "\(name): \(a) and \(b) \(comment)") }
    }
  }

  /// Losses and figures of a checked training are those of the parties that follow the protocol, but for the rounding.
  static func expectSameReports(schemes: [String]) async throws {
    var reports: [TrainingReport] = []
    for scheme in schemes {
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
}

/// Trainings one of whose parties deviates in one round.
struct TamperedTraining {
  let fixture: TrainingFixture
  let scheme: ClusterScheme
  private let expected: TrainingAnswer
  /// Of an honest training.
  let roundCount: Int

  /// What came of deviations.
  struct Outcome {
    /// Trainings that ended with honest weights all the same.
    var passed = 0
    /// Trainings that were ended by a check, or by a channel that did not hold.
    var caught = 0
    var checks: Set<CheatingCheck> = []
    /// Trainings that a party refused for what it was told.
    var refused = 0
  }

  init(_ fixture: TrainingFixture, scheme: ClusterScheme) async throws {
    (self.fixture, self.scheme) = (fixture, scheme)
    let honest = NIOLockedValueBox<TamperingChannel?>(nil)
    expected = try await Self.train(fixture, scheme) { base in
      let channel = TamperingChannel(base, nil, round: 0, seed: 0)
      honest.withLockedValue { $0 = channel }
      return channel
    }
    roundCount = honest.withLockedValue { $0?.roundCount ?? 0 }
  }

  private static func train(
    _ fixture: TrainingFixture, _ scheme: ClusterScheme, wrapping: @escaping @Sendable (MemoryChannel) -> any Channel
  ) async throws -> TrainingAnswer {
    let prepared = try PreparedJob(fixture.job, environment: [:])
    let program = try TrainingProgram(prepared)
    let weights = prepared.description.initialWeights(seed: SeedTree(seed: program.seed).child("weights")).byName
    return try await MemoryTraining.train(
      program, scheme: scheme, weights: weights, prepared: prepared, deadline: .seconds(60),
      wrapping: wrapping, waiting: { _ in }, progress: { _ in })
  }

  /// A training for each of these rounds, in which one party deviates: what comes out in spite of it is what would have
  /// come out without.
  func attempt(_ tampering: Tampering, rounds: some Sequence<Int>) async throws -> Outcome {
    var outcome = Outcome()
    for round in rounds {
      do {
        let answer = try await Self.train(fixture, scheme) { base in
          guard base.party == round % scheme.partyCount else { return base }
          return TamperingChannel(base, tampering, round: round, seed: UInt64(round))
        }
        outcome.passed += 1
        TrainingFixture.expectWeights(
          answer.weights, equal: expected.weights, names: Array(expected.weights.keys), within: 0x1p-11,
          "with \(tampering) in round \(round) of \(roundCount)")
      } catch let error as SharingError {
        outcome.caught += 1
        if case .cheating(let check, _, _) = error { outcome.checks.insert(check) }
      } catch is ChannelError { outcome.caught += 1 } catch is ServingError { outcome.refused += 1 }
    }
    return outcome
  }
}

/// Rows that parties share by themselves, of which one party's part is altered.
struct AlteredRows {
  let prepared: PreparedJob
  let program: TrainingProgram
  let scheme: ClusterScheme
  /// Of an honest owner, by party.
  let parcels: [[UInt8]]
  private let width: Int

  init(_ fixture: TrainingFixture, scheme: ClusterScheme) throws {
    self.scheme = scheme
    prepared = try PreparedJob(fixture.job, environment: [:])
    program = try TrainingProgram(prepared)
    let words = try SecretRows.encode(
      prepared.features, prepared.targets, 0..<program.rowCount, fractionBits: program.fractionBits)
    width = words.shape[1]
    parcels = scheme.parcels(of: [words]).map { Array($0.bytes) }
  }

  func block(_ bytes: [UInt8], party: Int) throws -> SharedRows.Block {
    try SharedRows.Block(bytes, rowCount: program.rowCount, width: width, party: party, scheme: scheme)
  }

  /// Honest rows train; those of which `party` holds something else are found out before the first step.
  func expectFoundOut(party cheat: Int, altering: (inout [UInt8]) -> Void) async throws {
    let weights = prepared.description.initialWeights(seed: SeedTree(seed: 1)).byName
    for isWrong in [false, true] {
      let rows = try parcels.enumerated().map { party, parcel in
        var rows = SharedRows(width: width)
        var bytes = parcel
        if isWrong, party == cheat { altering(&bytes) }
        rows.append(try block(bytes, party: party))
        return TrainingRows(training: rows)
      }
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
}
