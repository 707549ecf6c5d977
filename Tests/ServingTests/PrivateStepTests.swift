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

    init(_ layers: [LayerSpec], loss: Loss, norm: Double, rows: Int, noiseMultiplier: Double = 1) throws {
      let description = try ModelDescription(layers: layers, inputShape: [5])
      clipping = try SharedClipping(
        description, loss: loss, norm: norm, noiseMultiplier: noiseMultiplier, fractionBits: 20, sharing: .replicated)
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
