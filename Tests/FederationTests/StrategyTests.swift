import Arithmetic
import Federation
import Foundation
import Learning
import Tensors
import Testing

@Suite struct StrategyTests {
  private func vectors(_ count: Int, length: Int, seed: UInt64 = 3) -> [[Float]] {
    var random = SeedTree(seed: seed).generator()
    return (0..<count).map { _ in (0..<length).map { _ in Float(random.normal()) } }
  }

  private func layout(_ inputs: Int) throws -> WeightLayout {
    WeightLayout(try ModelDescription(layers: [.dense(units: 1)], inputShape: [inputs]))
  }

  private func aggregate(
    _ spec: StrategySpec, _ updates: [Update], into current: [Float], workers: Int = 10
  ) throws -> [Float] {
    var state = ServerState()
    let server = spec.server(layout: try layout(current.count - 1), workers: workers)
    return try server.aggregate(updates, into: current, state: &state)
  }

  /// Oracle: `Σ nₖ Δₖ / Σ nₖ` in double precision; a few roundings of floats of size 3.
  @Test func averageIsWeightedByExamples() throws {
    let vectors = vectors(7, length: 33)
    let updates = vectors.enumerated().map { Update(vector: $1, exampleCount: 10 + 37 * $0, loss: Double($0)) }
    let current = [Float](repeating: 0.5, count: 33)
    let total = updates.reduce(0) { $0 + $1.exampleCount }
    let found = try aggregate(.fedAvg, updates, into: current)
    for index in current.indices {
      let mean = updates.reduce(0.0) { $0 + Double($1.vector[index]) * Double($1.exampleCount) } / Double(total)
      #expect(abs(Double(found[index]) - 0.5 - mean) < 2e-6)
    }
    #expect(try aggregate(.fedProx(mu: 0.1), updates, into: current) == found)
    let one = Update(vector: vectors[0], exampleCount: 3)
    #expect(
      try aggregate(.fedAvg, [one], into: [Float](repeating: 0, count: 33)).elementsEqual(vectors[0]) {
        abs($0 - $1) < 1e-6
      })
  }

  /// Oracle: numpy 2.4.6 in double precision, `Golden/adaptive.py`; two rounds, η = 0.1, β = (0.9, 0.99), τ = 0.01.
  @Test(arguments: AdaptiveGolden.cases)
  func adaptiveServersFollowThePaper(name: String, expected: [Double]) throws {
    let settings = StrategySpec.AdaptiveSettings(learningRate: 0.1, beta1: 0.9, beta2: 0.99, tau: 0.01)
    let spec: StrategySpec =
      switch name {
      case "adam": .fedAdam(settings)
      case "yogi": .fedYogi(settings)
      default: .fedAdagrad(settings)
      }
    let server = spec.server(layout: try layout(3), workers: 2)
    var state = ServerState()
    var current: [Float] = [1, -2, 0.5, 0]
    for round in AdaptiveGolden.rounds {
      let updates = zip(round, [30, 10]).map { Update(vector: $0, exampleCount: $1) }
      current = try server.aggregate(updates, into: current, state: &state)
      state = try JSONDecoder().decode(ServerState.self, from: JSONEncoder().encode(state))
    }
    for (a, b) in zip(current, expected) { #expect(abs(Double(a) - b) < 1e-5) }
  }

  /// Oracle: sorting each coordinate.
  @Test(arguments: [1, 2, 3, 4, 5, 8, 9, 16, 31, 100])
  func robustMeansSortEachCoordinate(count: Int) throws {
    let vectors = vectors(count, length: 150, seed: UInt64(count))
    let updates = vectors.enumerated().map { Update(vector: $1, exampleCount: 1 + $0) }
    let zeros = [Float](repeating: 0, count: 150)
    let median = try aggregate(.median, updates, into: zeros)
    let trimmed = try aggregate(.trimmedMean(trim: 0.2), updates, into: zeros)
    let cut = count / 5
    for index in 0..<150 {
      let sorted = vectors.map { Double($0[index]) }.sorted()
      let middle = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
      #expect(abs(Double(median[index]) - middle) < 1e-6)
      let kept = sorted[cut..<(count - cut)]
      #expect(abs(Double(trimmed[index]) - kept.reduce(0, +) / Double(kept.count)) < 1e-5)
    }
  }

  /// Oracle: the definition, distances in double precision, every pair and every neighbour.
  @Test(arguments: [(7, 2), (10, 3), (12, 0)])
  func krumChoosesWhatTheDefinitionDoes(count: Int, byzantine: Int) throws {
    let vectors = vectors(count, length: 5_000, seed: 21)
    let updates = vectors.map { Update(vector: $0, exampleCount: 5) }
    let zeros = [Float](repeating: 0, count: 5_000)
    let scores = vectors.indices.map { a in
      vectors.indices.filter { $0 != a }.map { b in
        zip(vectors[a], vectors[b]).reduce(0.0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
      }.sorted().prefix(count - byzantine - 2).reduce(0, +)
    }
    let order = scores.indices.sorted { scores[$0] < scores[$1] }
    #expect(try aggregate(.krum(byzantine: byzantine), updates, into: zeros) == vectors[order[0]])
    let multi = try aggregate(.multiKrum(byzantine: byzantine, keep: 3), updates, into: zeros)
    for index in 0..<50 {
      let mean = order.prefix(3).reduce(0.0) { $0 + Double(vectors[$1][index]) } / 3
      #expect(abs(Double(multi[index]) - mean) < 1e-6)
    }
  }

  /// Two of nine updates are flipped and blown up; honest ones lie around (1, …, 1).
  @Test(arguments: [
    StrategySpec.median, .trimmedMean(trim: 0.25), .krum(byzantine: 2), .multiKrum(byzantine: 2, keep: nil),
  ])
  func poisonIsOutvoted(spec: StrategySpec) throws {
    var updates = vectors(9, length: 40).map { noise in
      Update(vector: noise.map { 1 + 0.1 * $0 }, exampleCount: 10)
    }
    for index in [2, 5] { updates[index].vector = updates[index].vector.map { -50 * $0 } }
    let found = try aggregate(spec, updates, into: [Float](repeating: 0, count: 40))
    #expect(found.allSatisfy { abs($0 - 1) < 0.5 })
    let average = try aggregate(.fedAvg, updates, into: [Float](repeating: 0, count: 40))
    #expect(average.allSatisfy { abs($0 - 1) > 5 })
    let bounded = try aggregate(.normBound(limit: 7), updates, into: [Float](repeating: 0, count: 40))
    #expect(bounded.allSatisfy { abs($0 - 1) < 0.7 })
  }

  @Test func hugeValuesStayInTheirColumns() throws {
    let updates = [Float.greatestFiniteMagnitude, 1, -.greatestFiniteMagnitude].map {
      Update(vector: [$0, -$0], exampleCount: 1)
    }
    #expect(try aggregate(.median, updates, into: [0, 0]) == [1, -1])
    #expect(throws: FederationError.self) {
      try aggregate(
        .fedAvg,
        updates.map { wide in
          Update(vector: wide.vector, exampleCount: 1 << 20)
        }, into: [0, 0])
    }
  }

  @Test func updatesAreChecked() {
    func refuses(_ spec: StrategySpec, _ updates: [Update]) {
      #expect(throws: FederationError.self) { try aggregate(spec, updates, into: [0, 0, 0]) }
    }
    for spec in [StrategySpec.fedAvg, .median, .trimmedMean(trim: 0.1), .krum(byzantine: nil), .normBound(limit: 1)] {
      refuses(spec, [])
      refuses(spec, [Update](repeating: Update(vector: [1, 2], exampleCount: 1), count: 5))
      refuses(spec, [Update](repeating: Update(vector: [1, .nan, 2], exampleCount: 1), count: 5))
      refuses(spec, [Update](repeating: Update(vector: [1, 1, .infinity], exampleCount: 1), count: 5))
      refuses(spec, [Update](repeating: Update(vector: [1, 1, 2], exampleCount: 0), count: 5))
    }
    let good = Update(vector: [1, 2, 3], exampleCount: 1)
    refuses(.krum(byzantine: 2), [Update](repeating: good, count: 6))
    refuses(.multiKrum(byzantine: 1, keep: 5), [Update](repeating: good, count: 5))
  }

  /// Oracle: `Σ n Δ / (√(1 + τ) Σ n)` by hand.
  @Test func lateUpdatesCountLess() throws {
    var buffer = UpdateBuffer(capacity: 3, count: 2, strategy: FederatedAveraging())
    var state = ServerState()
    try buffer.add(Update(vector: [1, 0], exampleCount: 10), staleness: 0)
    try buffer.add(Update(vector: [0, 1], exampleCount: 20), staleness: 3)
    #expect(!buffer.isFull)
    try buffer.add(Update(vector: [1, 1], exampleCount: 10), staleness: 8)
    #expect(buffer.isFull)
    let next = try buffer.step([5, 5], state: &state)
    #expect(abs(next[0] - (5 + (10 + 10 / 3.0) / 40)) < 1e-5 && abs(next[1] - (5 + (10 + 10 / 3.0) / 40)) < 1e-5)
    #expect(buffer.updateCount == 0)
    #expect(throws: FederationError.self) { try buffer.add(Update(vector: [1, 1], exampleCount: 1), staleness: -1) }
    #expect(throws: FederationError.self) { try buffer.step([5, 5], state: &state) }
  }

  /// A sum of summands gives the average of the updates; floats of size 3 and weights of 24 bits.
  @Test(arguments: [Weighting.examples, .uniform])
  func summandsAddUpToTheAverage(weighting: Weighting) throws {
    let updates = vectors(5, length: 20).enumerated().map {
      Update(vector: Array($1[..<12]), exampleCount: 7 + 11 * $0, extras: Array($1[12...]), loss: 0.1 * Double($0))
    }
    var running = RunningAverage(count: 12, extraCount: 8)
    let summand = Summand(count: 12, extraCount: 8, weightLimit: weighting == .uniform ? 1 : 64)
    var sum = [Float](repeating: 0, count: summand.length)
    for update in updates {
      try running.add(update, weight: weighting.weight(of: update))
      for (index, value) in try summand.pack(update, weighting: weighting).enumerated() { sum[index] += value }
    }
    let (open, hidden) = (try running.average(), try summand.average(ofSum: sum, updateCount: 5))
    for (a, b) in zip(open.vector + open.extras, hidden.vector + hidden.extras) { #expect(abs(a - b) < 1e-5) }
    #expect(abs(open.loss - hidden.loss) < 1e-5)
    if weighting == .examples {
      let small = Summand(count: 12, extraCount: 8, weightLimit: 50)
      #expect(throws: FederationError.self) { try small.pack(updates[4], weighting: weighting) }
    }
    sum[20] = 0
    #expect(throws: FederationError.self) { try summand.average(ofSum: sum, updateCount: 5) }
    #expect(throws: FederationError.self) { try summand.average(ofSum: [1], updateCount: 5) }
  }

  @Test func storedStateIsChecked() throws {
    var state = ServerState()
    state.momentum = [1.5, -0.25]
    state.control = [.leastNonzeroMagnitude, 3e38]
    let bytes = try JSONEncoder().encode(state)
    #expect(try JSONDecoder().decode(ServerState.self, from: bytes) == state)
    for wrong in ["AAA=", "AADAfw=="] {
      let text = #"{"momentum": "\#(wrong)", "squares": "", "control": ""}"#
      #expect(throws: (any Error).self) { try JSONDecoder().decode(ServerState.self, from: Data(text.utf8)) }
    }
  }
}
