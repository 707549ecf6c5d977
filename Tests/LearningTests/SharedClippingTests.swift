import Arithmetic
import Graphs
import Learning
import Tensors
import Testing

/// Clipping as engines on shares do it, here in floats. Oracle: ``ClippedGraph``, private training's own, to a relative 2e-4:
/// the one takes gradients in units of the norm, and the other does not.
@Suite struct SharedClippingTests {
  struct Case: Sendable {
    let layers: [LayerSpec]
    let loss: Loss
    let norm: Double
  }

  static let cases = [
    Case(layers: [.dense(units: 6), .relu, .dense(units: 1), .sigmoid], loss: .binaryCrossEntropy, norm: 0.5),
    Case(
      layers: [.dense(units: 6), .tanh, .dense(units: 4), .sigmoid, .dense(units: 1)], loss: .meanSquaredError, norm: 2),
    Case(
      layers: [.dense(units: 6), .relu, .dropout(rate: 0.5), .dense(units: 3), .softmax], loss: .softmaxCrossEntropy,
      norm: 0.05),
    Case(layers: [.dense(units: 3), .softmax], loss: .softmaxCrossEntropy, norm: 1000),
  ]

  private static let rows = 7

  @Test(arguments: cases) func sumsAsInTheClear(_ model: Case) throws {
    let description = try ModelDescription(layers: model.layers, inputShape: [5])
    let clipping = try SharedClipping(
      description, loss: model.loss, norm: model.norm, noiseMultiplier: 1, fractionBits: 20, sharing: .replicated)
    var random = SeedTree(seed: 8).generator()
    let outputs = description.outputShape.count
    var inputs = description.initialWeights(seed: SeedTree(seed: 4)).byName
    inputs["x"] = Tensor(
      shape: [Self.rows, 5], scalars: (0..<Self.rows * 5).map { _ in Float(2 * random.uniform() - 1) })
    inputs["y"] = Tensor(
      shape: [Self.rows, outputs], scalars: (0..<Self.rows * outputs).map { $0 % outputs == 0 ? 1 : 0 })
    let clear = try ClippedGraph(description, loss: model.loss, perLayer: false, batch: Self.rows, isPadded: false)
    for mask in clear.masks {
      inputs[mask.name] = Tensor(shape: mask.shape, scalars: (0..<mask.shape.count).map { $0 % 3 == 0 ? 0 : 2 })
    }
    inputs["inverseSquare"] = Tensor(shape: [], scalars: [Float(1 / (model.norm * model.norm))])
    let expected = try PlainEngine().run(clear.graph, inputs: inputs.filter { clear.graph.inputs[$0.key] != nil })

    let step = try StepGraph(
      description, loss: model.loss, optimizer: .sgd(learningRate: 1, momentum: 0, weightDecay: 0), batch: Self.rows,
      expectedBatch: 1, clipping: clipping)
    inputs["learningRate"] = Tensor(shape: [], scalars: [try #require(step.numbers(step: 1, factor: 1).values.first)])
    for (name, weight) in zip(step.noiseNames, step.weightNames) {
      inputs[name] = Tensor(repeating: 0, shape: try #require(inputs[weight]).shape)
    }
    let next = try PlainEngine().run(step.graph, inputs: inputs.filter { step.graph.inputs[$0.key] != nil })
    for (name, (after, sum)) in zip(step.weightNames, zip(next, expected.dropFirst())) {
      let before = try #require(inputs[name])
      let largest = sum.scalars.reduce(1e-3) { max($0, abs($1)) }
      for (index, value) in sum.scalars.enumerated() {
        let moved = before.scalars[index] - after.scalars[index]
        #expect(abs(moved - value) < 2e-4 * largest + 2e-6, "\(name): \(moved) and \(value)")
      }
    }
    let squares = expected[0].scalars
    let limit = Float(model.norm * model.norm)
    #expect(model.norm == 1000 ? squares.allSatisfy { $0 < limit } : squares.contains { $0 > limit || model.norm == 2 })
  }

  /// The noise that corrupt parties do not know is that of the multiplier for what rounding lets through, and hardly more.
  @Test(arguments: [16, 20, 22], [0.05, 0.7, 3, 90])
  func noiseIsForWhatGetsThrough(fractionBits: Int, multiplier: Double) throws {
    let description = try ModelDescription(layers: [.dense(units: 8), .relu, .dense(units: 1)], inputShape: [5])
    for (sharing, honest) in [
      (SharedClipping.Sharing.replicated, 2.0), (.additive, 1), (.replicatedMalicious, 1), (.spdz, 1),
    ] {
      let clipping = try SharedClipping(
        description, loss: .binaryCrossEntropy, norm: 0.1, noiseMultiplier: multiplier, fractionBits: fractionBits,
        sharing: sharing)
      let step = Double(sign: .plus, exponent: -fractionBits, significand: 1)
      let deviation = honest.squareRoot() * Double(sign: .plus, exponent: clipping.noiseBits, significand: 1) * step
      let sensitivity = Double(clipping.factorScale) * (1 + clipping.overshoot)
      #expect(deviation >= multiplier * sensitivity && deviation < multiplier * sensitivity * 1.001)
      #expect(clipping.factorScale > 0 && clipping.factorScale <= 1)
      #expect(clipping.overshoot > 0 && clipping.overshoot <= 0.25)
    }
  }

  @Test func refusesWhatItCannotProve() throws {
    func clipping(
      _ layers: [LayerSpec], input: Shape = [4], norm: Double = 1, multiplier: Double = 1, bits: Int = 20
    ) throws -> SharedClipping {
      try SharedClipping(
        try ModelDescription(layers: layers, inputShape: input), loss: .binaryCrossEntropy, norm: norm,
        noiseMultiplier: multiplier, fractionBits: bits, sharing: .replicated)
    }
    let small: [LayerSpec] = [.dense(units: 1)]
    let images: [LayerSpec] = [.conv2d(filters: 2, kernel: 2), .flatten, .dense(units: 1)]
    #expect(throws: LearningError.self) { try clipping(images, input: [1, 4, 4]) }
    #expect(throws: LearningError.self) { try clipping([.dense(units: 4), .gelu, .dense(units: 1)]) }
    #expect(throws: LearningError.self) { try clipping([.dense(units: 4), .batchNorm, .dense(units: 1)]) }
    #expect(throws: LearningError.self) { try clipping(small, norm: 0.02) }
    #expect(throws: LearningError.self) { try clipping(small, multiplier: 1e-4) }
    #expect(throws: LearningError.self) { try clipping(small, multiplier: 1e5) }
    #expect(throws: LearningError.self) { try clipping([.dense(units: 1 << 15), .relu, .dense(units: 1)]) }
    _ = try clipping(small)
  }
}
