import Arithmetic
import Learning
import Serving
import Sharing
import Tensors
import Testing

/// What a client makes of all that parties say of a training, where each of them may lie.
@Suite struct TrainingCollectorTests {
  private static let parties = 3

  /// A training of two epochs whose losses and weights are told, under no mask.
  private func program(scheme: String) throws -> TrainingProgram {
    let fixture = try TrainingFixture(
      "layers: [{dense: 1}]",
      training: "epochs: 2, batch: 20, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.03}}",
      encrypted: "scheme: \(scheme), parties: \(Self.parties), reveal: [loss, model]")
    defer { fixture.remove() }
    return try TrainingProgram(try PreparedJob(fixture.job, environment: [:]))
  }

  private func collector(_ program: TrainingProgram) -> TrainingCollector {
    let mask = RingTensor(repeating: 0, shape: [program.epochs + program.revealedCount])
    return TrainingCollector(program, scheme: .spdz(partyCount: Self.parties), mask: mask)
  }

  /// The sum of an epoch's losses as all parties tell it.
  private func sum(mean: Double, _ program: TrainingProgram) -> RingTensor {
    let scaled = mean * Double(program.rowCount) * Double(UInt64(1) << UInt64(program.fractionBits))
    return RingTensor(repeating: UInt64(bitPattern: Int64(scaled)), shape: [1])
  }

  private func finish(_ collector: inout TrainingCollector, _ program: TrainingProgram, _ word: UInt64 = 5) throws {
    let figures = TrainingFigures(seconds: 1, rounds: 2, bytesSent: 3)
    for party in 0..<Self.parties {
      let words = RingTensor(repeating: word, shape: [program.revealedCount])
      _ = try collector.take(.finished(words, figures), from: party)
    }
  }

  @Test func agreeingPartiesAreHeard() throws {
    let program = try program(scheme: "spdz")
    var collector = collector(program)
    for epoch in 1...2 {
      var steps: [TrainingStep] = []
      for party in 0..<Self.parties {
        let told = sum(mean: 0.5 * Double(epoch), program)
        if let step = try collector.take(.epoch(epoch, loss: told), from: party) { steps.append(step) }
      }
      #expect(steps.count == 1)
      #expect(abs((steps[0].loss ?? 0) - 0.5 * Double(epoch)) < 1e-4)
    }
    try finish(&collector, program)
    let answer = try collector.answer()
    #expect(answer.losses.count == 2 && answer.weights.count == program.weightNames.count)
    #expect(
      answer.weights.values.allSatisfy {
        $0.scalars.allSatisfy { $0 == 5 / Float(1 << program.fractionBits) }
      })
  }

  /// One party that speaks as often as there are parties is heard once, and does not stand for the others.
  @Test func onePartySpeaksForNobodyElse() throws {
    let program = try program(scheme: "spdz")
    var collector = collector(program)
    for _ in 0..<Self.parties {
      #expect(try collector.take(.epoch(1, loss: sum(mean: 99, program)), from: 1) == nil)
    }
    try finish(&collector, program)
    #expect(throws: ServingError.self) { try collector.answer() }
    // Where the others say something else it is found out.
    #expect(try collector.take(.epoch(1, loss: sum(mean: 0.5, program)), from: 0) == nil)
    #expect(throws: SharingError.self) { try collector.take(.epoch(1, loss: sum(mean: 0.5, program)), from: 2) }
  }

  /// A second word does not replace the first one.
  @Test func theFirstWordCounts() throws {
    let program = try program(scheme: "spdz")
    var collector = collector(program)
    for mean in [0.5, 99] { _ = try collector.take(.epoch(1, loss: sum(mean: mean, program)), from: 0) }
    _ = try collector.take(.epoch(1, loss: sum(mean: 0.5, program)), from: 1)
    let step = try #require(try collector.take(.epoch(1, loss: sum(mean: 0.5, program)), from: 2))
    #expect(abs((step.loss ?? 0) - 0.5) < 1e-4)
  }

  @Test func whoKeepsAResultBackIsNoticed() throws {
    let program = try program(scheme: "spdz")
    for silent in 0..<Self.parties {
      var collector = collector(program)
      for epoch in 1...2 {
        for party in 0..<Self.parties {
          _ = try collector.take(.epoch(epoch, loss: sum(mean: 1, program)), from: party)
        }
      }
      let words = RingTensor(repeating: 5, shape: [program.revealedCount])
      for party in 0..<Self.parties where party != silent {
        _ = try collector.take(.finished(words, TrainingFigures(seconds: 1, rounds: 2, bytesSent: 3)), from: party)
      }
      #expect(throws: ServingError.self) { try collector.answer() }
    }
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let program = try program(scheme: "spdz")
    let figures = TrainingFigures(seconds: 1, rounds: 2, bytesSent: 3)
    let result = RingTensor(repeating: 5, shape: [program.revealedCount])
    let loss = sum(mean: 1, program)
    let wrong: [TrainingNews] = [
      .epoch(0, loss: loss), .epoch(3, loss: loss), .epoch(1, loss: nil),
      .epoch(1, loss: RingTensor(repeating: 0, shape: [2])),
      .finished(RingTensor(repeating: 5, shape: [program.revealedCount + 1]), figures),
    ]
    for news in wrong {
      var collector = collector(program)
      #expect(throws: ServingError.self) { try collector.take(news, from: 1) }
    }
    var collector = collector(program)
    _ = try collector.take(.finished(result, figures), from: 1)
    #expect(throws: ServingError.self) { try collector.take(.finished(result, figures), from: 1) }
  }
}
