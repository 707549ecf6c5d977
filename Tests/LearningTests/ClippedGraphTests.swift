import Arithmetic
import Graphs
import Learning
import Tensors
import Testing

/// Clipped sums of models' gradients. Oracle: `TrainingGraph` on batches of one, whose gradients are clipped and added in
/// double precision; to a relative 1e-5.
@Suite struct ClippedGraphTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let layers: [LayerSpec]
    let input: Shape
    let loss: Loss
    var testDescription: String { layers.map(\.kind).joined(separator: " ") }
  }

  static let cases = [
    Case(
      layers: [.dense(units: 6), .relu, .dense(units: 3), .tanh, .dense(units: 1), .sigmoid], input: [5],
      loss: .binaryCrossEntropy),
    Case(layers: [.dense(units: 4), .layerNorm, .gelu, .dense(units: 1)], input: [3], loss: .meanSquaredError),
    Case(
      layers: [
        .conv2d(filters: 4, kernel: 3, stride: 2, padding: 1), .groupNorm(groups: 2), .relu, .averagePool(window: 2),
        .conv2d(filters: 3, kernel: 2), .tanh, .flatten, .dense(units: 3), .softmax,
      ], input: [2, 9, 9], loss: .softmaxCrossEntropy),
    Case(
      layers: [
        .conv2d(filters: 3, kernel: 3), .layerNorm, .relu, .maxPool(window: 2), .flatten, .dropout(rate: 0.5),
        .dense(units: 2), .softmax,
      ], input: [1, 6, 6], loss: .softmaxCrossEntropy),
    // Positions are few and kernels large: norms by products of positions.
    Case(
      layers: [.conv2d(filters: 40, kernel: 2), .relu, .flatten, .dense(units: 2), .softmax], input: [32, 3, 3],
      loss: .softmaxCrossEntropy),
  ]

  private static let rows = 5

  /// Where the batch is padded two more rows are there, which are no examples.
  @Test(arguments: cases, [(false, true), (true, true), (false, false), (true, false)])
  func agreesWithMicroBatches(_ model: Case, _ way: (perLayer: Bool, isPadded: Bool)) throws {
    let (perLayer, size) = (way.perLayer, Self.rows + (way.isPadded ? 2 : 0))
    let description = try ModelDescription(layers: model.layers, inputShape: model.input)
    let weights = description.initialWeights(seed: SeedTree(seed: 4)).byName
    var random = SeedTree(seed: 8).generator()
    func draw(_ shape: Shape) -> Tensor<Float> {
      Tensor(shape: shape, scalars: (0..<shape.count).map { _ in Float(random.normal()) })
    }
    let batch = try ClippedGraph(description, loss: model.loss, perLayer: perLayer, batch: size, isPadded: way.isPadded)
    var inputs = weights
    inputs["x"] = draw(Shape([size] + model.input.extents))
    let outputs = description.outputShape.count
    inputs["y"] = Tensor(
      shape: [size, outputs], scalars: (0..<size * outputs).map { $0 % outputs == 0 ? 1 : 0 })
    for mask in batch.masks {
      inputs[mask.name] = Tensor(shape: mask.shape, scalars: (0..<mask.shape.count).map { $0 % 3 == 0 ? 0 : 2 })
    }
    if way.isPadded {
      inputs[ClippedGraph.presenceName] = Tensor(shape: [size], scalars: [1, 1, 1, 1, 1, 0, 0])
    }
    let single = try TrainingGraph(description, loss: model.loss, batch: 1)
    let own = try (0..<Self.rows).map { row in
      var one = inputs.filter { single.graph.inputs[$0.key] != nil }
      for name in ["x", "y"] + batch.masks.map(\.name) { one[name] = inputs[name]?.sliced(axis: 0, row..<(row + 1)) }
      return Array(try PlainEngine().run(single.graph, inputs: one).dropFirst())
    }
    let norms = own.map { gradients in gradients.map { $0.scalars.reduce(0.0) { $0 + Double($1) * Double($1) } } }
    // Some gradients are clipped and some are not.
    let clip = norms.map { $0.reduce(0, +).squareRoot() }.sorted()[2] * 1.01
    inputs[ClippedGraph.inverseSquareName] = Tensor(shape: .scalar, scalars: [Float(1 / (clip * clip))])
    let found = try PlainEngine().run(batch.graph, inputs: inputs)
    for (row, norms) in norms.enumerated() {
      let total = norms.reduce(0, +)
      #expect(abs(Double(found[0].scalars[row]) - total) <= 1e-5 * total)
    }
    let layers = batch.weightNames.map { String($0.prefix { $0 != "." }) }
    let share = perLayer ? clip / Double(Set(layers).count).squareRoot() : clip
    for (index, sum) in found.dropFirst().enumerated() {
      var expected = [Double](repeating: 0, count: sum.count)
      for (row, gradients) in own.enumerated() {
        let square = zip(layers, norms[row]).filter { !perLayer || $0.0 == layers[index] }.reduce(0) { $0 + $1.1 }
        let factor = min(1, share / square.squareRoot())
        for (place, scalar) in gradients[index].scalars.enumerated() { expected[place] += factor * Double(scalar) }
      }
      let size = expected.map(abs).max() ?? 0
      for (a, b) in zip(sum.scalars, expected) { #expect(abs(Double(a) - b) <= 2e-5 * size + 1e-7) }
    }
  }

  @Test func batchNormIsRefusedWithAHint() throws {
    let description = try ModelDescription(layers: [.dense(units: 2), .batchNorm, .dense(units: 1)], inputShape: [3])
    #expect {
      try ClippedGraph(description, loss: .meanSquaredError, perLayer: false, batch: 4, isPadded: false)
    } throws: { "\($0)".contains("batchNorm1") && "\($0)".contains("groupNorm") }
  }
}
