import Arithmetic
import NIOConcurrencyHelpers
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

/// What a single party sees must not depend on secrets: on fixed shares, over many runs with fresh masks, each byte of
/// each message is uniform, and no exclusive-or of message bits and of the party's own keystream bits is constant, which
/// would be a mask used twice or a bit without a mask.
///
/// Keys are fixed and each run has counters of its own, so the outcome never varies.
@Suite struct ViewTests {
  static let runCount = 3000
  static let seed: UInt8 = 11

  /// What one party got in one run.
  struct View: Sendable {
    var messages: [[UInt8]]
    var draws: [InsecureKeys.Draw]
  }

  /// The views of the three parties over all runs.
  static func views(of exercise: Exercise, form: ShareForm) async throws -> [[View]] {
    // A value with bits everywhere, so that an unmasked bit would show at any place.
    let value = RingTensor(
      shape: [exercise.count], scalars: (0..<exercise.count).map { 0x0123_4567_89AB_CDEF &* UInt64(2 * $0 + 1) >> 3 })
    let zero = RingTensor(repeating: 0, shape: value.shape)
    let components =
      form == .uniform
      ? (0..<3).map {
        InsecureKeys.generator(pair: $0, seed: 99).words(count: value.count, counterHigh: 1, counterLow: 0)
      }
      .map { RingTensor(shape: value.shape, scalars: $0) }
      : [value, zero, zero]
    return try await simulate { channel in
      let recorder = RecordingChannel(channel)
      let log = DrawLog()
      let scheme = InsecureKeys.scheme(over: recorder, seed: seed) { log.append($0) }
      scheme.options = exercise.options
      let share = ReplicatedShare(first: components[scheme.party], second: components[(scheme.party + 1) % 3])
      let bits = try await scheme.negative(share, width: 64)
      var views: [View] = []
      for _ in 0..<runCount {
        try scheme.beginStep()
        _ = recorder.takeMessages()
        _ = log.take()
        _ = try await exercise.run(scheme, share, bits)
        views.append(View(messages: recorder.takeMessages(), draws: log.take()))
      }
      return views
    }
  }

  /// All bytes that a party got, without the highest of each word where those repeat the sign.
  static func bytes(of view: View, signBytes: Int) -> [UInt8] {
    let bytes = view.messages.flatMap { $0 }
    guard signBytes > 0 else { return bytes }
    return bytes.indices.filter { $0 % 8 < 8 - signBytes }.map { bytes[$0] }
  }

  static let exercises =
    Exercise.all(words: 2, bits: 8) + Exercise.bitwise(count: 8, width: 6) + Exercise.inFewRounds(count: 8, width: 6)
    + Exercise.fast(count: 2)

  @Test(arguments: exercises, [ShareForm.uniform, .component0])
  func messagesAreUniformAndMasksAreUsedOnce(exercise: Exercise, form: ShareForm) async throws {
    let generators = (0..<3).map { InsecureKeys.generator(pair: $0, seed: Self.seed) }
    for (party, views) in try await Self.views(of: exercise, form: form).enumerated() {
      let messages = views.map { Self.bytes(of: $0, signBytes: party == 2 ? exercise.signBytes : 0) }
      for position in messages[0].indices {
        let statistic = Randomness.chiSquare(messages.map { $0[position] })
        #expect(statistic < Randomness.chiSquareLimit, "party \(party), byte \(position)")
      }
      let rows = views.map { view in
        let received = Self.bytes(of: view, signBytes: party == 2 ? exercise.signBytes : 0)
        return view.draws.reduce(into: received) { row, draw in
          let words = generators[draw.pair].words(
            count: 2 * draw.blocks.count, counterHigh: draw.high, counterLow: draw.blocks.lowerBound)
          for word in words {
            for byte in 0..<exercise.usedBytes { row.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * byte))) }
          }
        }
      }
      #expect(rows[0].count * 8 < Self.runCount - 100, "too few runs for the rank to say something")
      #expect(Randomness.affineRank(rows) == rows[0].count * 8, "party \(party)")
    }
  }

  /// With all roles taken by every party: the bytes of whole messages are uniform, though every scalar is the same.
  @Test(
    arguments: Exercise.all(words: 6000, bits: 6000) + Exercise.bitwise(count: 48_000, width: 6)
      + Exercise.inFewRounds(count: 6000, width: 6))
  func rotatedMessagesAreUniform(exercise: Exercise) async throws {
    let messages = try await simulate { channel in
      let recorder = RecordingChannel(channel)
      let scheme = InsecureKeys.scheme(over: recorder, seed: Self.seed)
      scheme.options = exercise.options
      let share = scheme.constant(RingTensor(repeating: 3, shape: [exercise.count]))
      let bits = try await scheme.negative(share, width: 64)
      _ = recorder.takeMessages()
      _ = try await exercise.run(scheme, share, bits)
      return recorder.takeMessages()
    }
    for message in messages.joined() where message.count > 2000 {
      #expect(Randomness.chiSquare(message) < Randomness.chiSquareLimit)
    }
    #expect(!exercise.rotates || messages.allSatisfy { $0.contains { $0.count > 2000 } })
  }

  /// The test itself finds what it is for.
  @Test func reusedMasksWouldBeFound() {
    let generator = InsecureKeys.generator(pair: 0, seed: 5)
    let rows = (0..<500).map { run -> [UInt8] in
      let word = generator.words(count: 2, counterHigh: UInt64(run), counterLow: 0)[0]
      let sum = word &+ 0x1234_5678_9ABC_DEF1
      return [UInt8(truncatingIfNeeded: word), UInt8(truncatingIfNeeded: sum), UInt8(truncatingIfNeeded: sum >> 20)]
    }
    #expect(Randomness.affineRank(rows) < 24)
    #expect(Randomness.affineRank(rows.map { [$0[0], $0[2]] }) == 16)
  }
}

/// The draws that an observer heard of.
final class DrawLog: Sendable {
  private let draws = NIOLockedValueBox<[InsecureKeys.Draw]>([])

  func append(_ draw: InsecureKeys.Draw) { draws.withLockedValue { $0.append(draw) } }

  /// The draws since the last call.
  func take() -> [InsecureKeys.Draw] {
    draws.withLockedValue { draws in
      defer { draws = [] }
      return draws
    }
  }
}
