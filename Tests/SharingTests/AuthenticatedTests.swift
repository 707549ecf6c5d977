import Arithmetic
import Graphs
import NIOConcurrencyHelpers
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

/// What authenticated sharing does beyond the primitives of all schemes.
@Suite struct AuthenticatedTests {
  typealias Step = @Sendable (AuthenticatedScheme, AuthenticatedShare, AuthenticatedBits) async throws -> Void

  /// Costs of every primitive, and programs that take them.
  static func steps(count: Int, width: Int, _ costs: AuthenticatedCosts) -> [(name: String, cost: Cost, run: Step)] {
    let shape: Shape = [count]
    let form = Bilinear.elementwise(shape)
    return [
      (
        "square", costs.multiplying([form], openedCount: count),
        { scheme, x, _ in
          _ = try await scheme.multiply([Multiplication(form, x, x)])
        }
      ),
      (
        "products with a fixed operand",
        costs.fixing(counts: [count]) + costs.multiplying([form], openedCount: count),
        { scheme, x, _ in
          let fixed = try await scheme.fix([x])[0]
          _ = try await scheme.multiply([Multiplication(form, fixed, scheme.scale(x, by: 5))])
        }
      ),
      (
        "truncations", costs.truncating([(count, 16), (count, 3)], additive: false),
        { scheme, x, _ in
          _ = try await scheme.truncate([
            Truncation(scheme.product(x, by: 1), by: 16), Truncation(scheme.product(x, by: 2), by: 3),
          ])
        }
      ),
      (
        "own words added",
        costs.bringing(counts: [count]) + costs.truncating([(count, 16)], additive: false),
        { scheme, x, _ in
          let own = RingTensor(repeating: 5, shape: shape)
          _ = try await scheme.truncate([Truncation(scheme.add(scheme.product(x, by: 1), own: own), by: 16)])
        }
      ),
      (
        "shuffle", costs.shuffling(counts: [count, 2 * count], rowCount: count),
        { scheme, x, _ in
          _ = try await scheme.shuffle([
            x, scheme.map(x, to: [count, 2]) { $0.reshaped(to: [count, 1]).broadcast(to: [count, 2]) },
          ])
        }
      ),
      (
        "comparison", costs.comparing(count: count, width: width),
        { scheme, x, _ in
          _ = try await scheme.negative(x, width: width)
        }
      ),
      (
        "rectification",
        costs.comparing(count: count, width: width) + costs.selecting(count: count, isOpened: true),
        { scheme, x, _ in
          _ = try await scheme.multiply(scheme.not(try await scheme.negative(x, width: width)), x)
        }
      ),
      (
        "selection", costs.selecting(count: count, isOpened: false),
        { scheme, x, bits in
          _ = try await scheme.multiply(bits, x)
        }
      ),
      ("conversion", costs.converting(count: count), { scheme, _, bits in _ = try await scheme.convert(bits) }),
      (
        "weighted sums", costs.weighting(count: count, bitCount: 2, tableCount: 2),
        { scheme, _, bits in
          _ = try await scheme.weightedSums([bits, scheme.not(bits)], tables: [[3, 1 << 60], [.max, 0]])
        }
      ),
      (
        "conjunction", costs.conjoining(counts: [count, count]),
        { scheme, _, bits in
          _ = try await scheme.and([(bits, bits), (bits, scheme.not(bits))])
        }
      ),
      (
        "decomposition", costs.decomposing(count: count, width: width),
        { scheme, x, _ in
          _ = try await scheme.decompose(x, width: width)
        }
      ),
    ]
  }

  @Test(arguments: [1, 2, 63, 64, 65, 200], [2, 3])
  func costModelIsExact(count: Int, partyCount: Int) async throws {
    for width in [2, 5, 33, 64] {
      let steps = Self.steps(count: count, width: width, AuthenticatedCosts(partyCount: partyCount))
      let opening = AuthenticatedCosts(partyCount: partyCount).opening(counts: [count])
      let parties = try await simulateAuthenticated(partyCount: partyCount) { scheme in
        let x = scheme.constant(RingTensor(repeating: 5, shape: [count]))
        let bits = try await scheme.negative(scheme.add(x, word: 1), width: 64)
        var spent: [Cost] = []
        for step in steps.map(\.run) + [{ scheme, x, _ in _ = try await scheme.open([x]) }] {
          let before = scheme.traffic
          try await step(scheme, x, bits)
          spent.append(scheme.traffic - before)
        }
        return spent
      }
      for (index, planned) in (steps.map { ($0.name, $0.cost) } + [("opening", opening)]).enumerated() {
        #expect(Set(parties.map { $0[index].rounds }).count == 1)
        var total = parties.reduce(Cost.none) { $0 + $1[index] }
        total.rounds = parties[0][index].rounds
        #expect(total == planned.1, "\(planned.0) of \(count) on \(width) bits")
      }
    }
  }

  /// Each byte of each message and correction is uniform, and no exclusive-or of them and of the party's own keystream is
  /// constant: over many runs with fresh masks, on one value. Checks are left out: their sums follow from each other.
  @Test(arguments: [2, 3])
  func messagesAreUniformAndMasksAreUsedOnce(partyCount: Int) async throws {
    let ranked = ["square", "products with a fixed operand"]
    for step in Self.steps(count: 2, width: 3, AuthenticatedCosts(partyCount: 2)) {
      let runCount = ranked.contains(step.name) ? 2300 : 1000
      let all = try await simulate(partyCount: partyCount) { channel -> [([UInt8], [InsecureDealer.Draw])] in
        let recorder = RecordingChannel(channel)
        let log = NIOLockedValueBox<[InsecureDealer.Draw]>([])
        let corrections = NIOLockedValueBox<[UInt8]>([])
        let scheme = InsecureDealer.authenticatedScheme(
          over: recorder, seed: 17, recorder: { message in corrections.withLockedValue { $0 += message } },
          observer: { draw in log.withLockedValue { $0.append(draw) } })
        let x = scheme.constant(RingTensor(shape: [2], scalars: [0x0123_4567_89AB_CDEF, 77]))
        let bits = try await scheme.negative(scheme.add(x, word: 0), width: 64)
        var views: [([UInt8], [InsecureDealer.Draw])] = []
        for _ in 0..<runCount {
          try scheme.beginStep()
          _ = recorder.takeMessages()
          log.withLockedValue { $0 = [] }
          corrections.withLockedValue { $0 = [] }
          try await step.run(scheme, x, bits)
          let messages = recorder.takeMessages().flatMap { $0 }
          views.append((messages + corrections.withLockedValue { $0 }, log.withLockedValue { $0 }))
        }
        return views
      }
      for (party, views) in all.enumerated() {
        for position in views[0].0.indices {
          let values = Set(views.map { $0.0[position] })
          // Packed bits leave the rest of their byte zero.
          guard values.count > 16 else { continue }
          let statistic = Randomness.chiSquare(views.map { $0.0[position] })
          #expect(statistic < Randomness.chiSquareLimit, "\(step.name): party \(party), byte \(position)")
        }
        guard ranked.contains(step.name) else { continue }
        let generator = InsecureDealer.generator(party: party, seed: 17, program: "main")
        let rows = views.map { view in
          view.1.reduce(into: view.0) { row, draw in
            for word in generator.words(
              count: 2 * draw.blocks.count, counterHigh: draw.high, counterLow: draw.blocks.lowerBound)
            { row.append(UInt8(truncatingIfNeeded: word)) }
          }
        }
        #expect(rows[0].count * 8 < runCount - 100, "too few runs for the rank to say something")
        #expect(Randomness.affineRank(rows) == rows[0].count * 8, "\(step.name): party \(party)")
      }
    }
  }

  @Test(arguments: [2, 3])
  func fixedOperandsServeManyProducts(partyCount: Int) async throws {
    try await FixedOperands.check(
      AuthenticatedHarness(partyCount: partyCount), partyCount: partyCount, wordByteCount: 16, seed: 190)
  }

  @Test(arguments: ScalarFunction.allCases)
  func functionsAreAsAccurate(_ function: ScalarFunction) async throws {
    let positive = [1e-4, 0.5, 0.75, 1, 2, 8, 15.9999, 16.0001, 256, 257, 1023]
    let inputs = FunctionAccuracyTests.grid(-20...20, count: 101) + [0, 9.7] + positive + positive.map { -$0 }
    try await FunctionAccuracyTests.check(function, AuthenticatedHarness(partyCount: 2), inputs, fractionBits: 16)
  }

  /// A share that was stored is the same piece of the same secret, MAC and all.
  @Test func storedSharesComeBack() async throws {
    let value = RingTensor(repeating: .max - 5, shape: [2, 3])
    let opened = try await simulateAuthenticated(partyCount: 2) { scheme in
      let x = try await scheme.input(scheme.party == 0 ? value : nil, of: 0, shape: [2, 3])
      #expect(x.held.components.count == AuthenticatedShare.componentCount)
      return try await scheme.open([scheme.add(AuthenticatedShare(x.held), word: 1)])
    }
    for result in opened { #expect(result == [value.adding(1)]) }
  }

  /// Shares and sessions print nothing of what they hold.
  @Test func nothingPrints() async throws {
    let texts = try await simulateAuthenticated(partyCount: 2) { scheme -> [String] in
      let x = scheme.constant(SecrecyTests.tensor)
      let fixed = try await scheme.fix([x])[0]
      let product = try await scheme.multiply([Multiplication(.elementwise([2, 3]), x, fixed)])[0]
      let bits = try await scheme.negative(x, width: 64)
      #expect(SecrecyTests.texts(of: scheme).contains("‹party \(scheme.party) of an authenticated session›"))
      return [SecrecyTests.texts(of: x), SecrecyTests.texts(of: fixed), SecrecyTests.texts(of: product)]
        + [SecrecyTests.texts(of: bits)]
    }
    for text in texts.joined() { #expect(text.contains("‹secret [2, 3]›") && SecrecyTests.hides(text)) }
  }
}

/// Every permutation of a small network, and some of a larger one.
@Suite struct PermutationNetworkTests {
  @Test func networksMakeAllPermutations() {
    var generator = SeedTree(seed: 191).generator()
    for size in [2, 4, 8, 64, 256] {
      for _ in 0..<(size < 8 ? 60 : 20) {
        var order = Array(0..<size)
        for last in stride(from: size - 1, to: 0, by: -1) {
          order.swapAt(last, Int(generator.next() % UInt64(last + 1)))
        }
        let network = PermutationNetwork(order: order)
        var rows = Array(0..<size)
        for (layer, switches) in network.switches.enumerated() {
          let places = PermutationNetwork.lefts(layer: layer, rowCount: size)
          for (place, swaps) in zip(places.rows, switches) where swaps { rows.swapAt(place, place + places.distance) }
        }
        #expect(rows == order)
      }
    }
  }
}
