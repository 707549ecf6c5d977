import Arithmetic
import Foundation
import Graphs
import Learning
import Tensors
import Testing

/// Three steps of training by PyTorch 2.13.0 in double precision; `Tests/Golden/normalisation.py` prints them.
struct NormalisationVector: Sendable, CustomTestStringConvertible {
  let norm: LayerSpec
  let inputShape: Shape
  let losses: [Double]
  /// Of the normalisation, after the three steps.
  let weight: [Double]
  let bias: [Double]
  var mean: [Double] = []
  var variance: [Double] = []
  /// Predictions for the first two examples.
  let outputs: [Double]

  var testDescription: String { "\(norm.kind) of \(inputShape)" }

  /// `[[hidden], norm, gelu, dense 2]`, with or without a convolution.
  var layers: [LayerSpec] {
    inputShape.rank == 1
      ? [.dense(units: 6), norm, .gelu, .dense(units: 2)]
      : [.conv2d(filters: 4, kernel: 3), norm, .gelu, .flatten, .dense(units: 2)]
  }

  static let all = [
    NormalisationVector(
      norm: .batchNorm, inputShape: [3], losses: [1.651519, 0.8881293, 0.3963166],
      weight: [1.228675, 1.020831, 0.4763175, 0.7603415, 1.435994, 1.14586],
      bias: [-0.1156394, -0.3264144, -0.3355201, 0.244908, 0.5632575, -0.2496995],
      mean: [0.113246, 0.106482, -0.05757593, -0.137218, -0.01566871, 0.129024],
      variance: [0.8456437, 1.038115, 0.8907368, 0.9219061, 1.011319, 0.8297169],
      outputs: [0.5108118, 0.438516, 0.4109278, -0.1602922]),
    NormalisationVector(
      norm: .layerNorm, inputShape: [3], losses: [1.137674, 0.6651863, 0.3233276],
      weight: [1.311951, 1.042565, 0.5188447, 0.789075, 1.407397, 1.224357],
      bias: [-0.08547028, -0.3385985, -0.3128571, 0.2682253, 0.5295322, -0.2176435],
      outputs: [0.3356465, 0.5817427, 0.5505352, -0.3446142]),
    NormalisationVector(
      norm: .groupNorm(groups: 2), inputShape: [3], losses: [1.247337, 0.5484329, 0.2553275],
      weight: [1.33326, 1.050825, 0.518134, 0.7916716, 1.424659, 1.134092],
      bias: [-0.08095132, -0.3211438, -0.2976342, 0.2602189, 0.5828426, -0.2704798],
      outputs: [0.8587028, 0.7876222, 0.8467215, -0.1536813]),
    NormalisationVector(
      norm: .batchNorm, inputShape: [2, 5, 5], losses: [1.005465, 1.29113, 0.481306],
      weight: [1.159383, 0.7350333, 0.4727227, 0.8015137], bias: [-0.0474224, -0.5527459, -0.2715626, 0.2177504],
      mean: [0.1172582, 0.1084193, -0.05167391, -0.1388179],
      variance: [1.692715, 0.9783664, 0.8369909, 0.9847933],
      outputs: [1.016595, -0.5971149, -0.7002979, -2.407713]),
    NormalisationVector(
      norm: .layerNorm, inputShape: [2, 5, 5], losses: [1.044589, 1.244967, 0.6422732],
      weight: [1.162331, 0.877918, 0.4825231, 0.65423], bias: [-0.03268648, -0.4656149, -0.2906736, 0.2699635],
      outputs: [1.272825, -0.0601804, -0.638163, -0.6306537]),
    NormalisationVector(
      norm: .groupNorm(groups: 2), inputShape: [2, 5, 5], losses: [1.081792, 0.7293978, 0.5259221],
      weight: [1.285414, 0.8421101, 0.5773886, 0.6970607],
      bias: [-0.01890095, -0.4836087, -0.2542113, 0.220554],
      outputs: [0.7544612, -0.2586801, -0.2901896, -0.2026278]),
  ]
}

@Suite struct NormalisationTests {
  private func wave(_ shape: Shape, _ phase: Double, _ size: Double, around center: Double = 0) -> Tensor<Float> {
    Tensor(
      shape: shape, scalars: (0..<shape.count).map { Float(center + size * Foundation.sin(1.3 * Double($0) + phase)) })
  }

  @Test(arguments: NormalisationVector.all)
  func trainsAsPyTorchDoes(vector: NormalisationVector) throws {
    let description = try ModelDescription(layers: vector.layers, inputShape: vector.inputShape)
    let norm = vector.norm.kind + "1"
    var start = description.initialWeights(seed: SeedTree(seed: 1))
    for (index, name) in description.weightNames.enumerated() {
      let shape = description.shape(ofWeight: name) ?? []
      start[name] = wave(shape, Double(index), 0.5, around: name == norm + ".weight" ? 1 : 0)
    }
    let x = wave(Shape([8] + vector.inputShape.extents), 0.5, 1.5)
    let trainer = try Trainer(
      description, loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.1, momentum: 0.9), epochs: 3, batch: 8,
      seed: 3)
    let result = try trainer.train(features: x, targets: wave([8, 2], 0.25, 1), initialWeights: start)
    let model = result.model
    func compare(_ found: [Float]?, _ expected: [Double], _ what: String) {
      #expect((found ?? []).count == expected.count, "\(what)")
      // Floats through three steps, against seven printed digits.
      for (a, b) in zip(found ?? [], expected) { #expect(abs(Double(a) - b) < 1e-5, "\(what)") }
    }
    compare(result.losses.map(Float.init), vector.losses, "losses")
    compare(model.weights[norm + ".weight"]?.scalars, vector.weight, "weight")
    compare(model.weights[norm + ".bias"]?.scalars, vector.bias, "bias")
    compare(model.weights[norm + ".mean"]?.scalars ?? [], vector.mean, "mean")
    compare(model.weights[norm + ".variance"]?.scalars ?? [], vector.variance, "variance")
    compare(try model.predict(x.sliced(axis: 0, 0..<2)).scalars, vector.outputs, "outputs")
    #expect(result.losses[2] < result.losses[0])
  }

  /// Gradients through the normalisation against central differences of the loss, itself computed in floats.
  @Test(arguments: NormalisationVector.all)
  func gradients(vector: NormalisationVector) throws {
    let description = try ModelDescription(layers: vector.layers, inputShape: vector.inputShape)
    let training = try TrainingGraph(description, loss: .meanSquaredError, batch: 8)
    #expect(training.graph.outputs.count == 1 + training.weightNames.count + training.statisticNames.count)
    var inputs = description.initialWeights(seed: SeedTree(seed: 4)).byName
    inputs["x"] = wave(Shape([8] + vector.inputShape.extents), 0.5, 1.5)
    inputs["y"] = wave([8, 2], 0.25, 1)
    let outputs = try PlainEngine().run(training.graph, inputs: inputs)
    for (index, name) in training.weightNames.enumerated() {
      func loss(_ offset: Float) throws -> Float {
        var moved = inputs
        moved[name]?.withScalars { $0[0] += offset }
        return try PlainEngine().run(training.graph, inputs: moved)[0].scalars[0]
      }
      let numeric = try (loss(0.01) - loss(-0.01)) / 0.02
      // A central difference errs by 10⁻⁴ of the third derivative, and by a float's 10⁻⁷ over 0.02.
      #expect(abs(outputs[1 + index].scalars[0] - numeric) < 2e-3, "\(name)")
    }
  }

  /// Running statistics by their formula, over an epoch whose last batch is smaller.
  @Test func runningStatistics() throws {
    let description = try ModelDescription(layers: [.batchNorm, .dense(units: 1)], inputShape: [2])
    #expect(description.weightNames == ["batchNorm1.weight", "batchNorm1.bias", "dense1.weight", "dense1.bias"])
    #expect(description.statisticNames == ["batchNorm1.mean", "batchNorm1.variance"])
    #expect(description.shape(ofWeight: "batchNorm1.variance") == [2])
    let trainer = try Trainer(
      description, loss: .meanSquaredError, optimizer: .adam(learningRate: 0.01), epochs: 2, batch: 3, seed: 8)
    let x = wave([5, 2], 0, 2, around: 1)
    let model = try trainer.train(features: x, targets: wave([5, 1], 1, 1)).model
    #expect(model.weights.names == description.initialWeights(seed: SeedTree(seed: 8)).names)
    for feature in 0..<2 {
      var (mean, variance) = (0.0, 1.0)
      for epoch in 1...2 {
        let order = trainer.shuffle(epoch, rows: 5)
        for rows in [order[0..<3], order[3..<5]] {
          let values = rows.map { Double(x.scalars[2 * $0 + feature]) }
          let center = values.reduce(0, +) / Double(values.count)
          let spread = values.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(values.count - 1)
          mean += 0.1 * (center - mean)
          variance += 0.1 * (spread - variance)
        }
      }
      #expect(abs(Double(model.weights["batchNorm1.mean"]?.scalars[feature] ?? 0) - mean) < 1e-5)
      #expect(abs(Double(model.weights["batchNorm1.variance"]?.scalars[feature] ?? 0) - variance) < 1e-5)
    }
  }

  @Test func aBatchOfOneCannotBeNormalised() throws {
    let description = try ModelDescription(layers: [.batchNorm, .dense(units: 1)], inputShape: [2])
    func train(rows: Int, batch: Int) throws {
      let trainer = try Trainer(
        description, loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.1), epochs: 1, batch: batch, seed: 1)
      _ = try trainer.train(
        features: Tensor(repeating: 1, shape: [rows, 2]), targets: Tensor(repeating: 1, shape: [rows, 1]))
    }
    try train(rows: 6, batch: 2)
    for (rows, batch) in [(6, 1), (1, 4), (5, 2)] {
      do {
        try train(rows: rows, batch: batch)
        Issue.record("no error")
      } catch { #expect("\(error)".hasPrefix("layer batchNorm1: a batch of one example has no variance")) }
    }
    // One image has many pixels a channel.
    let images = try ModelDescription(layers: [.batchNorm, .flatten, .dense(units: 1)], inputShape: [2, 3, 3])
    #expect(throws: Never.self) { try TrainingGraph(images, loss: .meanSquaredError, batch: 1) }
  }

  /// Merged layers give what the whole model gives; what stands elsewhere stays.
  @Test func foldingKeepsPredictions() throws {
    let layers: [LayerSpec] = [
      .batchNorm, .conv2d(filters: 4, kernel: 3), .batchNorm, .relu, .conv2d(filters: 3, kernel: 2),
      .averagePool(window: 2), .dropout(rate: 0.5), .batchNorm, .batchNorm, .flatten, .batchNorm, .dense(units: 5),
      .batchNorm, .gelu, .dense(units: 2), .batchNorm, .softmax,
    ]
    let description = try ModelDescription(layers: layers, inputShape: [2, 7, 7])
    var weights = description.initialWeights(seed: SeedTree(seed: 6))
    for (index, name) in weights.names.enumerated() {
      guard let shape = description.shape(ofWeight: name) else { continue }
      weights[name] = wave(shape, Double(index), 0.4, around: name.hasSuffix(".variance") ? 0.5 : 0.1)
    }
    let model = try Model(description: description, weights: weights)
    let folded = try model.folded()
    #expect(
      folded.description.layers == [
        .batchNorm, .conv2d(filters: 4, kernel: 3), .relu, .conv2d(filters: 3, kernel: 2), .averagePool(window: 2),
        .dropout(rate: 0.5), .flatten, .batchNorm, .dense(units: 5), .gelu, .dense(units: 2), .softmax,
      ])
    let x = wave([6, 2, 7, 7], 0.5, 1.5)
    for (a, b) in zip(try model.predict(x).scalars, try folded.predict(x).scalars) { #expect(abs(a - b) < 1e-5) }
    #expect(try folded.folded() == folded)
  }

  @Test func misfits() throws {
    func error(_ layers: [LayerSpec], _ shape: Shape) -> String {
      do {
        _ = try ModelDescription(layers: layers, inputShape: shape)
        return ""
      } catch { return "\(error)" }
    }
    #expect(error([.batchNorm], [2, 3]).contains("layer batchNorm1 cannot take an input of shape [2, 3]"))
    #expect(error([.layerNorm], []).contains("layer layerNorm1"))
    #expect(error([.groupNorm(groups: 4)], [6]).contains("its 4 groups must divide the first extent"))
    #expect(error([.groupNorm(groups: 0)], [6]).contains("groups must be between 1 and 2^20"))
    #expect(error([.layerNorm, .flatten, .dense(units: 2)], [3, 4]) == "")
  }

  @Test(arguments: NormalisationVector.all)
  func programsFitAnyBatch(vector: NormalisationVector) throws {
    let description = try ModelDescription(layers: vector.layers, inputShape: vector.inputShape)
    let resized = try description.forwardGraph(batch: 1).resized(inputs: ["x": Shape([7] + vector.inputShape.extents)])
    #expect(try resized == description.forwardGraph(batch: 7))
    #expect(try JSONDecoder().decode(ModelDescription.self, from: JSONEncoder().encode(description)) == description)
  }
}
