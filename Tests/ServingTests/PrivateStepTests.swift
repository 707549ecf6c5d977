import Arithmetic
import Foundation
import Graphs
import Learning
import Serving
import Sharing
import Tensors
import TestSupport
import Testing

/// The step of a private training on shares, on whatever values its weights have.
@Suite struct PrivateStepTests {
  private static let unit = 0x1p-20

  private struct Setup {
    let step: StepGraph
    let clipping: SharedClipping
    let clear: ClippedGraph
    let weights: [String: Tensor<Float>]
    let shapes: [String: Shape]

    init(
      _ layers: [LayerSpec], loss: Loss, norm: Double, rows: Int, sharing: SharedClipping.Sharing = .replicated
    ) throws {
      let description = try ModelDescription(layers: layers, inputShape: [5])
      clipping = try SharedClipping(
        description, loss: loss, norm: norm, noiseMultiplier: 1, fractionBits: 20, sharing: sharing)
      step = try StepGraph(
        description, loss: loss, optimizer: .sgd(learningRate: 1), batch: rows, expectedBatch: 1, clipping: clipping)
      clear = try ClippedGraph(description, loss: loss, perLayer: false, batch: rows, isPadded: false)
      weights = description.initialWeights(seed: SeedTree(seed: 4)).byName
      shapes = weights.mapValues(\.shape)
    }

    /// The shared sums of a step at rate 1: what weights lose, as whole numbers.
    func sums(
      _ weights: [String: RingTensor], x: RingTensor, y: RingTensor,
      own: @escaping @Sendable (Int) -> UInt64 = { _ in 0 }
    ) async throws -> [[Int64]] {
      let names = step.weightNames
      let words = names.compactMap { weights[$0] }
      let (graph, noiseNames, shapes) = (step.graph, step.noiseNames, words.map(\.shape))
      let (values, _) = try await ReplicatedHarness().evaluate(words + [x, y]) { scheme, shares in
        let inputs = Dictionary(uniqueKeysWithValues: zip(names + ["x", "y"], shares))
        let noise = zip(noiseNames, shapes).map { ($0, RingTensor(repeating: own(scheme.party), shape: $1)) }
        return try await SecureEngine(scheme, fractionBits: 20).run(
          graph, inputs: inputs, numbers: ["learningRate": 1], own: Dictionary(uniqueKeysWithValues: noise))
      }
      return zip(words, values).map { before, after in (before - after).signed }
    }

    /// The same where noise comes in shares; and the noise.
    func sums<Harness: SchemeHarness>(
      _ weights: [String: RingTensor], x: RingTensor, y: RingTensor, on harness: Harness,
      noise: @escaping @Sendable (Harness.Scheme, [Shape]) async throws -> [Harness.Scheme.Share]
    ) async throws -> (sums: [[Int64]], noise: [[Int64]]) {
      let names = step.weightNames
      let words = names.compactMap { weights[$0] }
      let (graph, noiseNames, shapes) = (step.graph, step.noiseNames, words.map(\.shape))
      let (values, _) = try await harness.evaluate(words + [x, y]) { scheme, shares in
        let drawn = try await noise(scheme, shapes)
        let inputs = Dictionary(uniqueKeysWithValues: zip(names + ["x", "y"] + noiseNames, shares + drawn))
        return try await SecureEngine(scheme, fractionBits: 20).run(
          graph, inputs: inputs, numbers: ["learningRate": 1], noise: Set(noiseNames)) + drawn
      }
      return (
        zip(words, values).map { before, after in (before - after).signed },
        values.suffix(shapes.count).map(\.signed)
      )
    }
  }

  /// Where the parties may deviate: three with checked products, two with a dealer and MACs.
  private enum Checked: CaseIterable, Sendable {
    case products
    case macs
  }

  private static func rows(_ count: Int, seed: UInt64) throws -> Tensor<Float> {
    var random = SeedTree(seed: seed).generator()
    return random.floats([count, 5], in: -1...1)
  }

  /// Against ``ClippedGraph`` in floats, without noise; norms far below the clipping norm, around it and far above. Within
  /// what rounding lets through, and a few steps in each number.
  @Test(arguments: [1e3, 0.3, 0.05]) func sumsAsInTheClear(norm: Double) async throws {
    let count = 6
    let setup = try Setup(
      [.dense(units: 7), .relu, .dense(units: 4), .tanh, .dense(units: 1), .sigmoid], loss: .binaryCrossEntropy,
      norm: norm, rows: count)
    let x = try Self.rows(count, seed: 3)
    let y = Tensor<Float>(shape: [count, 1], scalars: (0..<count).map { Float($0 % 2) })
    var inputs = setup.weights
    (inputs["x"], inputs["y"]) = (x, y)
    inputs["inverseSquare"] = Tensor(shape: [], scalars: [Float(1 / (norm * norm))])
    let expected = try PlainEngine().run(setup.clear.graph, inputs: inputs).dropFirst()
    let found = try await setup.sums(
      try setup.weights.mapValues { try $0.encoded(fractionBits: 20).ring }, x: try x.encoded(fractionBits: 20).ring,
      y: try y.encoded(fractionBits: 20).ring)
    let scale = norm / Double(setup.clipping.factorScale)
    for (sum, words) in zip(expected, found) {
      for (exact, word) in zip(sum.scalars, words) {
        let value = Double(word) * Self.unit * scale
        #expect(abs(value - Double(exact)) < setup.clipping.overshoot * norm + 40 * Self.unit * scale)
      }
    }
  }

  /// Whatever the weights are, one row moves the sums by no more than the norm and what rounding lets through: small weights,
  /// large ones, those around the guards' limits, and words of 64 random bits, of which products wrap at will.
  @Test(arguments: [3, 22, 26, 29, 31, 34, 38, 42, 48, 63])
  func noRowMovesMoreThanTheNorm(bits: Int) async throws {
    let setup = try Setup(
      [.dense(units: 7), .relu, .dense(units: 6), .relu, .dense(units: 3), .softmax], loss: .softmaxCrossEntropy,
      norm: 0.1, rows: 1)
    var random = SeedTree(seed: UInt64(bits)).generator()
    let bound = Double(setup.clipping.factorScale) * (1 + setup.clipping.overshoot)
    let y = RingTensor(shape: [1, 3], scalars: [1 << 20, 0, 0])
    for seed in 0..<6 as Range<UInt64> {
      let weights = setup.shapes.mapValues { random.words($0, bits: bits) }
      let x = try Self.rows(1, seed: seed).encoded(fractionBits: 20).ring
      let words = try await setup.sums(weights, x: x, y: y).joined()
      let norm = words.reduce(0) { $0 + pow(Double($1) * Self.unit, 2) }.squareRoot()
      #expect(norm <= bound, "\(norm) with weights of \(bits) bits")
    }
  }

  /// The same where parties may deviate, whose truncations and products are others; with noise of zero.
  @Test(arguments: Checked.allCases, [3, 29, 34, 63])
  private func noRowMovesMoreUnderChecks(_ checked: Checked, bits: Int) async throws {
    let setup = try Setup(
      [.dense(units: 7), .relu, .dense(units: 3), .softmax], loss: .softmaxCrossEntropy, norm: 0.1, rows: 1,
      sharing: checked == .macs ? .spdz : .replicatedMalicious)
    var random = SeedTree(seed: UInt64(bits)).generator()
    let bound = Double(setup.clipping.factorScale) * (1 + setup.clipping.overshoot)
    let y = RingTensor(shape: [1, 3], scalars: [1 << 20, 0, 0])
    for seed in 0..<3 as Range<UInt64> {
      let weights = setup.shapes.mapValues { random.words($0, bits: bits) }
      let x = try Self.rows(1, seed: seed).encoded(fractionBits: 20).ring
      let words: [[Int64]]
      switch checked {
      case .products:
        words = try await setup.sums(weights, x: x, y: y, on: CheckedHarness()) { scheme, shapes in
          shapes.map { scheme.constant(RingTensor(repeating: 0, shape: $0)) }
        }.sums
      case .macs:
        words = try await setup.sums(weights, x: x, y: y, on: AuthenticatedHarness(partyCount: 2)) { scheme, shapes in
          shapes.map { scheme.constant(RingTensor(repeating: 0, shape: $0)) }
        }.sums
      }
      let norm = words.joined().reduce(0) { $0 + pow(Double($1) * Self.unit, 2) }.squareRoot()
      #expect(norm <= bound, "\(norm) with weights of \(bits) bits")
    }
  }

  /// Where parties may deviate: the sums are those in the clear and the noise that was drawn, which is as large as it should be.
  @Test(arguments: Checked.allCases) private func drawnNoiseIsInTheSums(_ checked: Checked) async throws {
    let (count, norm) = (6, 0.3)
    let setup = try Setup(
      [.dense(units: 40), .tanh, .dense(units: 1), .sigmoid], loss: .binaryCrossEntropy, norm: norm, rows: count,
      sharing: checked == .macs ? .spdz : .replicatedMalicious)
    let x = try Self.rows(count, seed: 3)
    let y = Tensor<Float>(shape: [count, 1], scalars: (0..<count).map { Float($0 % 2) })
    var inputs = setup.weights
    (inputs["x"], inputs["y"]) = (x, y)
    inputs["inverseSquare"] = Tensor(shape: [], scalars: [Float(1 / (norm * norm))])
    let expected = try PlainEngine().run(setup.clear.graph, inputs: inputs).dropFirst()
    let weights = try setup.weights.mapValues { try $0.encoded(fractionBits: 20).ring }
    let (xs, ys) = (try x.encoded(fractionBits: 20).ring, try y.encoded(fractionBits: 20).ring)
    let bits = setup.clipping.noiseBits
    let found: (sums: [[Int64]], noise: [[Int64]])
    switch checked {
    case .products:
      found = try await setup.sums(weights, x: xs, y: ys, on: CheckedHarness()) { try $0.noise(of: $1, bits: bits) }
    case .macs:
      found = try await setup.sums(weights, x: xs, y: ys, on: AuthenticatedHarness(partyCount: 3)) {
        try await $0.noise(of: $1, bits: bits)
      }
    }
    let scale = norm / Double(setup.clipping.factorScale)
    for (sum, (words, noise)) in zip(expected, zip(found.sums, found.noise)) {
      for (exact, (word, noise)) in zip(sum.scalars, zip(words, noise)) {
        let value = Double(word - noise) * Self.unit * scale
        #expect(abs(value - Double(exact)) < setup.clipping.overshoot * norm + 40 * Self.unit * scale)
      }
    }
    // Of 281 numbers the variance is within 8 standard errors, √(2/281), but for once in 10¹².
    let all = found.noise.joined().map { Double($0) }
    let variance = all.reduce(0) { $0 + $1 * $1 } / Double(all.count) / pow(4, Double(bits))
    #expect(abs(variance / (checked == .macs ? 1 : 3) - 1) < 8 * (2 / Double(all.count)).squareRoot())
  }

  /// A row without a gradient has none left: nothing is divided by zero.
  @Test func aRowWithoutGradientMovesNothing() async throws {
    let setup = try Setup([.dense(units: 1)], loss: .meanSquaredError, norm: 1, rows: 2)
    let zero = RingTensor(repeating: 0, shape: [2, 5])
    let words = try await setup.sums(
      setup.shapes.mapValues { RingTensor(repeating: 0, shape: $0) }, x: zero,
      y: RingTensor(repeating: 0, shape: [2, 1]))
    #expect(words.joined().allSatisfy { $0 == 0 })
  }

  /// Every party's noise is in the sum, word for word but for one rounding.
  @Test func everyPartysNoiseCounts() async throws {
    let setup = try Setup([.dense(units: 2), .relu, .dense(units: 1)], loss: .meanSquaredError, norm: 1, rows: 2)
    let weights = try setup.weights.mapValues { try $0.encoded(fractionBits: 20).ring }
    let x = try Self.rows(2, seed: 5).encoded(fractionBits: 20).ring
    let y = RingTensor(repeating: 0, shape: [2, 1])
    let bare = try await setup.sums(weights, x: x, y: y).joined()
    let noised = try await setup.sums(weights, x: x, y: y) { UInt64([1 << 18, 1 << 19, 5][$0]) }.joined()
    for (a, b) in zip(bare, noised) { #expect(abs(b - a - (3 << 18 + 5)) <= 60) }
  }
}
