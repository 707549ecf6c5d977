import Graphs
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

/// Noise that no party chooses.
@Suite struct DrawnNoiseTests {
  private static let count = 50_000
  private static let bits = 12

  /// Within 4.5 standard errors, √(2/n), which all but one in 10⁵ are; keys are fixed.
  private static func expectVariance(_ words: RingTensor, _ times: Double) {
    let sum = words.signed.reduce(0) { $0 + Double($1) * Double($1) }
    let ratio = sum / Double(words.count) / Double(1 << (2 * bits)) / times
    #expect(abs(ratio - 1) < 4.5 * (2 / Double(words.count)).squareRoot(), "\(ratio)")
  }

  /// Both holders of a component draw the same, without a word; each of the three is noise by itself, independent of the others, and of
  /// the next step's.
  @Test func pairsDrawAlike() async throws {
    let shapes: [Shape] = [[Self.count], [3, 5]]
    let parties = try await simulate { channel -> [[HeldShare]] in
      let scheme = InsecureKeys.checkedScheme(over: channel, seed: 7)
      var noise: [[HeldShare]] = []
      for _ in 0..<2 {
        try scheme.beginStep()
        noise.append(try scheme.noise(of: shapes, bits: Self.bits).map(\.held))
      }
      #expect(scheme.traffic == .none)
      return noise
    }
    for party in 0..<3 {
      for step in 0..<2 {
        for (own, next) in zip(parties[party][step], parties[(party + 1) % 3][step]) {
          #expect(own.components[1] == next.components[0])
        }
      }
      let (own, next) = (parties[party][0][0].components[0], parties[party][0][0].components[1])
      Self.expectVariance(own, 1)
      Self.expectVariance(own + next, 2)
      #expect(mismatchCount(own.scalars, parties[party][1][0].components[0].scalars) > Self.count * 9 / 10)
    }
    Self.expectVariance(
      (0..<3).map { parties[$0][0][0].components[0] }.dropFirst().reduce(
        parties[0][0][0].components[0], +), 3)
  }

  /// The parties' summands add up to noise that none of them has, with MACs that pass; the same when it is dealt again.
  @Test(arguments: [2, 3]) func theDealerDrawsOnce(partyCount: Int) async throws {
    func draw() async throws -> [(summand: RingTensor, first: RingTensor, second: RingTensor, dealt: Cost)] {
      try await simulate(partyCount: partyCount) { channel in
        let scheme = InsecureDealer.authenticatedScheme(over: channel, seed: 3)
        let noise = try await scheme.noise(of: [[Self.count], [2, 2]], bits: Self.bits)
        let dealt = scheme.traffic
        try scheme.beginStep()
        let again = try await scheme.noise(of: [[Self.count]], bits: Self.bits)
        let opened = try await scheme.open([noise[0], again[0]])
        return (noise[0].held.components[0], opened[0], opened[1], dealt)
      }
    }
    let parties = try await draw()
    let noise = parties[0].first
    #expect(parties.dropFirst().reduce(parties[0].summand) { $0 + $1.summand } == noise)
    Self.expectVariance(noise, 1)
    Self.expectVariance(parties[0].second, 1)
    Self.expectVariance(noise + parties[0].second, 2)
    let costs = AuthenticatedCosts(partyCount: partyCount)
    for (party, found) in parties.enumerated() {
      #expect(found.dealt == (party == partyCount - 1 ? costs.dealingNoise(count: Self.count + 4) : .none))
      #expect(mismatchCount(found.summand.scalars, noise.scalars) > Self.count * 9 / 10)
    }
    let again = try await draw()
    #expect(again[0].first == noise && again[0].second == parties[0].second)
  }

  /// A sum with noise becomes whole steps before it is scaled; without noise a power of two is left for later.
  @Test func sumsAreRoundedFirst() async throws {
    let builder = GraphBuilder()
    let (x, y, n) = (builder.input("x", [2, 3]), builder.input("y", [3, 4]), builder.input("n", [2, 4]))
    let graph = builder.build([(x.matmul(y) + n) * 0.25])
    for (noise, expected) in [(["n"] as Set<String>, 2), ([], 1)] {
      let scheme = ClearScheme()
      let inputs = graph.inputs.mapValues {
        scheme.constant(RingTensor(repeating: 3 << 15, shape: graph.nodes[$0].shape))
      }
      var truncations = 0
      let value = try await SecureEngine(scheme, fractionBits: 16).run(graph, inputs: inputs, noise: noise) {
        truncations += $0.kind == "truncate" ? 1 : 0
      }[0].value
      #expect(truncations == expected)
      // (3 · 1.5 · 1.5 + 1.5) / 4
      #expect(value.reals(fractionBits: 16).allSatisfy { $0 == 2.0625 })
    }
  }

  @Test func canOnlyBeAdded() async throws {
    let builder = GraphBuilder()
    let (x, noise) = (builder.input("x", [2]), builder.input("noise", [2]))
    for graph in [builder.build([x * noise]), builder.build([x + noise, noise])] {
      await #expect(throws: SharingError.ownInputMisused("noise")) {
        let scheme = ClearScheme()
        let one = scheme.constant(RingTensor(repeating: 1, shape: [2]))
        _ = try await SecureEngine(scheme, fractionBits: 16)
          .run(graph, inputs: ["x": one, "noise": one], noise: ["noise"])
      }
    }
  }

  /// Parties that bring noise of their own have none dealt.
  @Test func additivePartiesAreDealtNone() async throws {
    await #expect(throws: SharingError.self) {
      _ = try await simulate(partyCount: 2) { channel in
        _ = try await InsecureDealer.scheme(over: channel, seed: 1).noise(of: [[1]], bits: 12)
      }
    }
  }
}
