import Arithmetic
import Sharing
import Tensors
import TestSupport
import Testing

/// No counter of a key is ever used for two different vectors of words.
@Suite struct CounterTests {
  /// All draws of several steps, each with every protocol at sizes with one and with three chunks, the functions, and
  /// a result for somebody outside.
  static func draws() async throws -> [[InsecureKeys.Draw]] {
    let sizes = [1, 65, 1536, 1601]
    return try await simulate { channel in
      let log = DrawLog()
      let scheme = InsecureKeys.scheme(over: channel, seed: 3) { log.append($0) }
      for step in 0..<3 {
        if step > 0 { try scheme.beginStep() }
        for size in sizes {
          let x = scheme.constant(RingTensor(repeating: 70_000, shape: [size]))
          let exercises =
            Exercise.all(words: size, bits: size) + Exercise.bitwise(count: size, width: 33)
            + Exercise.inFewRounds(count: size, width: 33) + Exercise.fast(count: size)
          for exercise in exercises {
            scheme.options = exercise.options
            _ = try await exercise.run(scheme, x, try await scheme.negative(x, width: 33))
          }
          scheme.options = ReplicatedOptions()
          _ = scheme.summandForOutside(x)
        }
        let arithmetic = FixedPointArithmetic(scheme, fractionBits: 16)
        let x = scheme.constant(RingTensor(repeating: 70_000, shape: [2, 3]))
        _ = try await arithmetic.softmax(x)
        _ = try await arithmetic.sigmoid([x, x])
        _ = try await arithmetic.reciprocal([x])
      }
      return log.take()
    }
  }

  @Test func noCounterIsUsedTwice() async throws {
    let parties = try await Self.draws()
    for (party, draws) in parties.enumerated() {
      #expect(draws.count > 1000)
      for pair in 0..<3 {
        let sorted = draws.filter { $0.pair == pair && !$0.blocks.isEmpty }
          .sorted { ($0.high, $0.blocks.lowerBound) < ($1.high, $1.blocks.lowerBound) }
        #expect(pair == (party + 2) % 3 ? sorted.isEmpty : !sorted.isEmpty)
        for (a, b) in zip(sorted, sorted.dropFirst()) where a.high == b.high {
          #expect(a.blocks.upperBound <= b.blocks.lowerBound, "party \(party), key \(pair)")
        }
      }
    }
  }

  /// Where both holders of a key use a counter, they mean the same vector.
  @Test func holdersAgreeOnVectors() async throws {
    let parties = try await Self.draws()
    for pair in 0..<3 {
      let held = [pair, (pair + 2) % 3].map { parties[$0].filter { $0.pair == pair && !$0.blocks.isEmpty } }
      let known = Set(held[0])
      var shared = 0
      var ranges: [UInt64: [Range<UInt64>]] = [:]
      for draw in held[0] { ranges[draw.high, default: []].append(draw.blocks) }
      for draw in held[1] {
        if known.contains(draw) {
          shared += 1
        } else {
          #expect(ranges[draw.high, default: []].allSatisfy { !$0.overlaps(draw.blocks) })
        }
      }
      #expect(shared > 500)
    }
  }

  @Test func stepsHaveTheirOwnWords() async throws {
    let results = try await simulate { channel in
      let scheme = InsecureKeys.scheme(over: channel, seed: 4)
      let x = scheme.constant(RingTensor(repeating: 1, shape: [4]))
      let first = scheme.summandForOutside(x)
      try scheme.beginStep()
      return [first, scheme.summandForOutside(x)]
    }
    for summands in results { #expect(summands[0] != summands[1]) }
  }
}
