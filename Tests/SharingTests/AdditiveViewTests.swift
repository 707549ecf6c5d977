import Arithmetic
import NIOConcurrencyHelpers
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

/// What a single party sees must not depend on secrets: over many runs with fresh masks, each byte of each message and of
/// each correction of the dealer is uniform, and no exclusive-or of their bits and of the party's own keystream bits is
/// constant, which would be a mask used twice or a bit without a mask. With two parties, that is all but one.
///
/// Keys are fixed and each run has counters of its own, so the outcome never varies.
@Suite struct AdditiveViewTests {
  static let runCount = 3000
  static let seed: UInt8 = 13

  struct View: Sendable {
    /// Messages of the peers, and what the dealer sent.
    var messages: [[UInt8]]
    var draws: [InsecureDealer.Draw]
  }

  /// The views of all parties over many runs on one value, all of which party 0 holds.
  static func views(of exercise: AdditiveExercise, partyCount: Int, runCount: Int) async throws -> [[View]] {
    let value = RingTensor(
      shape: [exercise.count], scalars: (0..<exercise.count).map { 0x0123_4567_89AB_CDEF &* UInt64(2 * $0 + 1) >> 3 })
    return try await simulate(partyCount: partyCount) { channel in
      let recorder = RecordingChannel(channel)
      let log = Log<InsecureDealer.Draw>()
      let corrections = Log<[UInt8]>()
      let scheme = InsecureDealer.scheme(
        over: recorder, seed: seed, recorder: { corrections.append($0) }, observer: { log.append($0) })
      let x = scheme.constant(value)
      let bits = try await scheme.negative(scheme.add(x, word: 0), width: 64)
      var views: [View] = []
      for _ in 0..<runCount {
        try scheme.beginStep()
        _ = (recorder.takeMessages(), log.take(), corrections.take())
        try await exercise.run(scheme, x, bits)
        views.append(View(messages: recorder.takeMessages() + corrections.take(), draws: log.take()))
      }
      return views
    }
  }

  static let exercises = AdditiveExercise.onWords(count: 2) + AdditiveExercise.onBits(count: 8, width: 6)

  @Test(arguments: exercises, [2, 3])
  func messagesAreUniformAndMasksAreUsedOnce(exercise: AdditiveExercise, partyCount: Int) async throws {
    let all = try await Self.views(of: exercise, partyCount: partyCount, runCount: Self.runCount)
    for (party, views) in all.enumerated() {
      let messages = views.map { $0.messages.flatMap { $0 } }
      for position in messages[0].indices {
        let statistic = Randomness.chiSquare(messages.map { $0[position] })
        #expect(statistic < Randomness.chiSquareLimit, "party \(party), byte \(position)")
      }
      let generator = InsecureDealer.generator(party: party, seed: Self.seed, program: "main")
      let rows = views.map { view in
        view.draws.reduce(into: view.messages.flatMap { $0 }) { row, draw in
          let words = generator.words(
            count: 2 * draw.blocks.count, counterHigh: draw.high, counterLow: draw.blocks.lowerBound)
          // Eight scalars take a byte of each plane of bits, and planes come many together.
          for word in words { row.append(UInt8(truncatingIfNeeded: word)) }
        }
      }
      #expect(rows[0].count * 8 < Self.runCount - 100, "too few runs for the rank to say something")
      #expect(Randomness.affineRank(rows) == rows[0].count * 8, "party \(party)")
    }
  }

  /// Whole messages of many equal scalars are uniform too, those of a shuffle among them.
  @Test(arguments: AdditiveExercise.all(count: 6000, width: 33))
  func longMessagesAreUniform(exercise: AdditiveExercise) async throws {
    for views in try await Self.views(of: exercise, partyCount: 2, runCount: 1) {
      for message in views[0].messages where message.count > 2000 {
        #expect(Randomness.chiSquare(message) < Randomness.chiSquareLimit)
      }
    }
  }

  /// No counter of a party's key is used for two vectors, over all protocols in several steps of two programs.
  @Test func noCounterIsUsedTwice() async throws {
    let draws = try await simulate(partyCount: 3) { channel in
      let log = Log<InsecureDealer.Draw>()
      let scheme = InsecureDealer.scheme(over: channel, seed: 5, observer: { log.append($0) })
      for step in 0..<4 {
        try scheme.beginStep(of: ["main", "other"][step % 2])
        let x = scheme.constant(RingTensor(repeating: 70_000, shape: [65]))
        let bits = try await scheme.negative(x, width: 33)
        for exercise in AdditiveExercise.all(count: 65, width: 33) { try await exercise.run(scheme, x, bits) }
        _ = try await FixedPointArithmetic(scheme, fractionBits: 16).sigmoid([x])
      }
      return log.take()
    }
    for draws in draws {
      #expect(draws.count > 300)
      let sorted = draws.filter { !$0.blocks.isEmpty }
        .sorted { ($0.program, $0.high, $0.blocks.lowerBound) < ($1.program, $1.high, $1.blocks.lowerBound) }
      for (a, b) in zip(sorted, sorted.dropFirst()) where a.program == b.program && a.high == b.high {
        #expect(a.blocks.upperBound <= b.blocks.lowerBound)
      }
    }
  }
}

/// What an observer heard of.
private final class Log<Item: Sendable>: Sendable {
  private let items = NIOLockedValueBox<[Item]>([])

  func append(_ item: Item) { items.withLockedValue { $0.append(item) } }

  /// The items since the last call.
  func take() -> [Item] {
    items.withLockedValue { items in
      defer { items = [] }
      return items
    }
  }
}
