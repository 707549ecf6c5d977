import Arithmetic
import NIOConcurrencyHelpers
import Sharing
import Tensors
import TestSupport
import Testing

/// What checked replicated sharing does beyond the primitives of all schemes.
@Suite struct CheckedTests {
  /// Exact multiples stay, other words go up as often as their fraction says, at both ends of the range.
  @Test(arguments: [nil, .uniform, .component0, .component2] as [ShareForm?], [false, true])
  func truncationIsUnbiased(form: ShareForm?, isMasked: Bool) async throws {
    let limit: Int64 = 1 << 62
    let repeats = 4000
    for bits in [1, 3, 16, 24, 32] {
      let unit: Int64 = 1 << Int64(bits)
      let values = [0, 1, -1, unit, -unit, unit / 2, 5 * unit + unit / 2, -limit, -limit + 1, limit - 1, limit - unit]
      let words = values.flatMap { value in [UInt64](repeating: UInt64(bitPattern: value), count: repeats) }
      let x = RingTensor(shape: [words.count], scalars: words)
      let quotients = try await CheckedHarness(form: form).evaluate([x]) { scheme, shares in
        var product = scheme.product(shares[0], by: 1)
        if isMasked {
          let one = scheme.constant(RingTensor(repeating: 1, shape: x.shape))
          product = try await scheme.multiply([Multiplication(.elementwise(x.shape), shares[0], one)])[0]
        }
        return try await scheme.truncate([Truncation(product, by: bits)])
      }.values[0].signed
      for (index, value) in values.enumerated() {
        let excess = quotients[index * repeats..<(index + 1) * repeats].map { $0 - value >> Int64(bits) }
        #expect(excess.allSatisfy { $0 == 0 || $0 == 1 }, "\(value) by \(bits) bits")
        let fraction = Double(value & (unit - 1)) / Double(unit)
        let mean = Double(excess.reduce(0, +)) / Double(repeats)
        #expect(abs(mean - fraction) < 0.05, "\(value) by \(bits) bits: \(mean)")
        if fraction == 0 { #expect(mean == 0) }
      }
    }
  }

  @Test func costsOfTruncationsAndShuffles() async throws {
    for count in [1, 63, 64, 65, 200] {
      for (bits, others) in [(16, 3), (1, 1), (32, 24)] {
        let parties = try await simulateChecked { scheme in
          let x = scheme.constant(RingTensor(repeating: 5, shape: [count]))
          var spent: [Cost] = []
          var before = scheme.traffic
          _ = try await scheme.truncate([
            Truncation(scheme.product(x, by: 1), by: bits), Truncation(scheme.product(x, by: 2), by: others),
          ])
          spent.append(scheme.traffic - before)
          before = scheme.traffic
          _ = try await scheme.open([x, x])
          spent.append(scheme.traffic - before)
          before = scheme.traffic
          _ = try await scheme.shuffle([x])
          spent.append(scheme.traffic - before)
          return spent
        }
        for (party, spent) in parties.enumerated() {
          let costs = CheckedCosts().sent(by: party)
          #expect(spent[0] == costs.truncating([(count, bits), (count, others)], additive: false))
          #expect(spent[1] == costs.opening(counts: [count, count]))
          #expect(spent[2] == costs.shuffling(counts: [count], rowCount: count))
        }
      }
    }
  }

  @Test(arguments: ScalarFunction.allCases)
  func functionsAreAsAccurate(_ function: ScalarFunction) async throws {
    let positive = [1e-4, 0.5, 0.75, 1, 2, 8, 15.9999, 16.0001, 256, 257, 1023]
    let inputs = FunctionAccuracyTests.grid(-20...20, count: 101) + [0, 9.7] + positive + positive.map { -$0 }
    try await FunctionAccuracyTests.check(function, CheckedHarness(), inputs, fractionBits: 16)
  }

  typealias Step = @Sendable (CheckedScheme, CheckedShare, CheckedBits) async throws -> Void

  static let steps: [(name: String, run: Step)] = [
    (
      "square",
      { scheme, x, _ in
        _ = try await scheme.reduce(
          try await scheme.multiply([Multiplication(.elementwise([2]), x, x)]).map {
            scheme.add($0, own: RingTensor(repeating: 5, shape: [2]))
          })
      }
    ),
    (
      "truncation",
      { scheme, x, _ in _ = try await scheme.truncate([Truncation(scheme.product(x, by: 1), by: 3)]) }
    ),
    ("comparison", { scheme, x, _ in _ = try await scheme.negative(x, width: 5) }),
    ("decomposition", { scheme, x, _ in _ = try await scheme.decompose(x, width: 5) }),
    ("selection", { scheme, x, bits in _ = try await scheme.multiply(bits, x) }),
    ("conversion", { scheme, _, bits in _ = try await scheme.convert(bits) }),
    ("conjunction", { scheme, _, bits in _ = try await scheme.and([(bits, bits)]) }),
    ("shuffle", { scheme, x, _ in _ = try await scheme.shuffle([x]) }),
  ]

  /// Each byte of each message is uniform: over many runs with fresh masks, on one value. Checks are left out: what they say
  /// follows from each other.
  @Test func messagesAreUniform() async throws {
    for step in Self.steps {
      let all = try await simulate { channel -> [[UInt8]] in
        let recorder = RecordingChannel(channel)
        let scheme = InsecureKeys.checkedScheme(over: recorder, seed: 23)
        let x = scheme.constant(RingTensor(shape: [2], scalars: [0x0123_4567_89AB_CDEF, 77]))
        let bits = try await scheme.negative(x, width: 64)
        var views: [[UInt8]] = []
        for _ in 0..<1000 {
          try scheme.beginStep()
          _ = recorder.takeMessages()
          try await step.run(scheme, x, bits)
          views.append(recorder.takeMessages().flatMap { $0 })
        }
        return views
      }
      for (party, views) in all.enumerated() {
        for position in views[0].indices {
          let column = views.map { $0[position] }
          // Packed bits leave the rest of their byte zero.
          guard Set(column).count > 16 else {
            #expect(Set(column).count > 3, "\(step.name): party \(party), byte \(position)")
            continue
          }
          #expect(
            Randomness.chiSquare(column) < Randomness.chiSquareLimit,
            "\(step.name): party \(party), byte \(position)")
        }
      }
    }
  }

  /// What a check sends is uniform too, whatever it looks at: over runs with fresh masks, of a wrong product as well.
  @Test(arguments: [0, 1 << 63] as [UInt64])
  func checksAreUniform(error: UInt64) async throws {
    let all = try await simulate { channel -> [[UInt8]] in
      let recorder = RecordingChannel(channel)
      let scheme = InsecureKeys.checkedScheme(over: recorder, seed: 29)
      let x = scheme.constant(RingTensor(shape: [2], scalars: [0x0123_4567_89AB_CDEF, 77]))
      var views: [[UInt8]] = []
      for _ in 0..<400 {
        // A session with an error ends: its rounds up to there are looked at.
        let session = error == 0 ? scheme : InsecureKeys.checkedScheme(over: recorder, seed: UInt8(views.count % 256))
        try session.beginStep()
        let wrong = session.party == 0 ? session.add(x, word: error) : x
        let product = try await session.multiply([Multiplication(.elementwise([2]), wrong, x)])
        _ = try await session.reduce(product)
        _ = try await session.and([(try await session.negative(x, width: 64), try await session.negative(x, width: 64))]
        )
        _ = recorder.takeMessages()
        do { try await session.check() } catch is SharingError {}
        views.append(recorder.takeMessages().flatMap { $0 })
        if error != 0, views.count == 250 { break }
      }
      return views
    }
    for (party, views) in all.enumerated() {
      let length = views.map(\.count).min() ?? 0
      #expect(length > 50_000)
      for position in stride(from: 0, to: length, by: 61) {
        let column = views.map { $0[position] }
        #expect(Randomness.chiSquare(column) < Randomness.chiSquareLimit, "party \(party), byte \(position)")
      }
    }
  }

  /// No counter of a key serves two messages, checks included.
  @Test func noCounterIsUsedTwice() async throws {
    let parties = try await simulate { channel -> [SessionDraws.Draw] in
      let draws = NIOLockedValueBox<[SessionDraws.Draw]>([])
      let scheme = InsecureKeys.checkedScheme(over: channel, seed: 31) { draw in
        draws.withLockedValue { $0.append(draw) }
      }
      for _ in 0..<2 {
        try scheme.beginStep()
        for size in [2, 65] {
          let x = try await scheme.input(RingTensor(repeating: 9, shape: [size]), of: 1, shape: [size])
          let bits = try await scheme.negative(x, width: 33)
          for step in Self.steps where size == 2 || step.name != "square" { try await step.run(scheme, x, bits) }
          _ = try await scheme.open([x])
        }
      }
      return draws.withLockedValue { $0 }
    }
    for draws in parties {
      #expect(draws.count > 300)
      for isFirst in [false, true] {
        let sorted = draws.filter { $0.isFirst == isFirst && !$0.blocks.isEmpty }
          .sorted { ($0.high, $0.blocks.lowerBound) < ($1.high, $1.blocks.lowerBound) }
        for (a, b) in zip(sorted, sorted.dropFirst()) where a.high == b.high {
          #expect(a.blocks.upperBound <= b.blocks.lowerBound)
        }
      }
    }
  }

  /// A share that was stored is the same piece of the same secret.
  @Test func storedSharesComeBack() async throws {
    let value = RingTensor(repeating: .max - 5, shape: [2, 3])
    let opened = try await simulateChecked { scheme in
      let x = try await scheme.input(scheme.party == 0 ? value : nil, of: 0, shape: [2, 3])
      #expect(x.held.components.count == CheckedShare.componentCount)
      return try await scheme.open([scheme.add(CheckedShare(x.held), word: 1)])
    }
    for result in opened { #expect(result == [value.adding(1)]) }
  }

  /// Shares and sessions print nothing of what they hold.
  @Test func nothingPrints() async throws {
    let texts = try await simulateChecked { scheme -> [String] in
      let x = scheme.constant(SecrecyTests.tensor)
      let product = try await scheme.multiply([Multiplication(.elementwise([2, 3]), x, x)])[0]
      let bits = try await scheme.negative(x, width: 64)
      #expect(SecrecyTests.texts(of: scheme).contains("‹party \(scheme.party) of a checked replicated session›"))
      return [SecrecyTests.texts(of: x), SecrecyTests.texts(of: product), SecrecyTests.texts(of: bits)]
    }
    for text in texts.joined() { #expect(text.contains("‹secret [2, 3]›") && SecrecyTests.hides(text)) }
  }
}
