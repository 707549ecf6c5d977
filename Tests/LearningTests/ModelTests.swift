import Arithmetic
import Foundation
import Graphs
import Learning
import Tensors
import Testing

@Suite struct ModelTests {
  static let convolutional: [LayerSpec] = [
    .conv2d(filters: 4, kernel: 3, padding: 1), .averagePool(window: 2), .relu, .conv2d(filters: 6, kernel: 3),
    .maxPool(window: 2, stride: 1), .relu, .flatten, .dropout(rate: 0.5), .dense(units: 3), .softmax,
  ]

  @Test func namesShapesAndLayers() throws {
    let description = try ModelDescription(layers: Self.convolutional, inputShape: [2, 10, 10])
    #expect(
      description.weightNames == [
        "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "dense1.weight", "dense1.bias",
      ])
    #expect(description.shape(ofWeight: "conv1.weight") == [4, 2, 3, 3])
    #expect(description.shape(ofWeight: "conv2.bias") == [6])
    #expect(description.shape(ofWeight: "dense1.weight") == [24, 3])
    #expect(description.outputShape == [3])
    let graph = try description.forwardGraph(batch: 5)
    #expect(graph.shape(ofInput: "x") == [5, 2, 10, 10])
    #expect(graph.nodes[graph.outputs[0]].shape == [5, 3])
    #expect(graph.nodes.contains { $0.layer == "conv2" && $0.operation == .conv2d(Convolution()) })
    #expect(graph.inputs.count == 7, "dropout asks for no mask outside training")
  }

  @Test func graphsAreResized() throws {
    let description = try ModelDescription(layers: Self.convolutional, inputShape: [2, 10, 10])
    let resized = try description.forwardGraph(batch: 1).resized(inputs: ["x": [7, 2, 10, 10]])
    #expect(try resized == description.forwardGraph(batch: 7))
  }

  @Test func misfitsNameTheLayer() {
    func error(_ layers: [LayerSpec], _ shape: Shape) -> LearningError? {
      do {
        _ = try ModelDescription(layers: layers, inputShape: shape)
        return nil
      } catch { return error }
    }
    #expect(error([], [3]) == .noLayers)
    #expect(error([.dense(units: 2), .dense(units: 0)], [3]).map { "\($0)" }?.contains("layer dense2") == true)
    #expect(
      error([.conv2d(filters: 1, kernel: 3), .dense(units: 2)], [1, 5, 5])
        == .wrongInput(layer: "dense1", shape: [1, 3, 3], hint: "put a flatten layer before it"))
    #expect(error([.conv2d(filters: 1, kernel: 3)], [25]).map { "\($0)" }?.contains("layer conv1") == true)
    let tooLarge = error([.relu, .averagePool(window: 2), .averagePool(window: 4)], [1, 5, 5])
    #expect(tooLarge.map { "\($0)" }?.contains("layer averagePool2") == true)
    #expect(error([.dropout(rate: 1)], [3]) != nil)
  }

  @Test func initialWeights() throws {
    let description = try ModelDescription(
      layers: [.dense(units: 200), .relu, .dense(units: 300), .tanh, .dense(units: 2)], inputShape: [400])
    let weights = description.initialWeights(seed: SeedTree(seed: 3))
    #expect(weights == description.initialWeights(seed: SeedTree(seed: 3)))
    #expect(weights != description.initialWeights(seed: SeedTree(seed: 4)))
    #expect(weights.names == description.weightNames)
    func variance(_ name: String) -> Double {
      let scalars = weights[name]?.scalars ?? []
      return scalars.reduce(0) { $0 + Double($1) * Double($1) } / Double(scalars.count)
    }
    // The variance of n samples has a relative deviation of about √(2/n): 0.6 % for 60 000. Eight of them.
    #expect(abs(variance("dense1.weight") / (2 / 400) - 1) < 0.05)
    #expect(abs(variance("dense2.weight") / (2 / 500) - 1) < 0.05)
    #expect(weights["dense1.bias"]?.scalars.allSatisfy { $0 == 0 } == true)
  }

  /// Variances of weights 400 x 200 and 200 x 300.
  private static let variances: [(rule: InitialWeights, first: Double, second: Double)] = [
    (.he, 0.005, 0.01), (.glorot, 2.0 / 600, 0.004), (.uniform, 1.0 / 1200, 1.0 / 600),
  ]

  @Test(arguments: variances)
  func rulesOfInitialWeights(_ rule: InitialWeights, _ first: Double, _ second: Double) throws {
    let description = try ModelDescription(
      layers: [.dense(units: 200), .relu, .dense(units: 300), .tanh], inputShape: [400], initial: rule)
    let weights = description.initialWeights(seed: SeedTree(seed: 3))
    func variance(_ name: String) -> Double {
      let scalars = weights[name]?.scalars ?? []
      return scalars.reduce(0) { $0 + Double($1) * Double($1) } / Double(scalars.count)
    }
    #expect(abs(variance("dense1.weight") / first - 1) < 0.05)
    #expect(abs(variance("dense2.weight") / second - 1) < 0.05)
    let copy = try JSONDecoder().decode(ModelDescription.self, from: JSONEncoder().encode(description))
    #expect(copy.initialWeights(seed: SeedTree(seed: 3)) == weights)
  }

  @Test func predictionIsTheSameInAnyBatch() throws {
    let description = try ModelDescription(layers: Self.convolutional, inputShape: [2, 10, 10])
    let model = try Model(description: description, weights: description.initialWeights(seed: SeedTree(seed: 1)))
    var random = SeedTree(seed: 2).generator()
    let x = Tensor<Float>(shape: [7, 2, 10, 10], scalars: (0..<1400).map { _ in Float(random.normal()) })
    let whole = try model.predict(x)
    #expect(whole.shape == [7, 3])
    for row in 0..<7 { #expect(abs(whole.scalars[(3 * row)..<(3 * row + 3)].reduce(0, +) - 1) < 1e-5) }
    for (a, b) in zip(whole.scalars, try model.predict(x, batch: 3).scalars) { #expect(abs(a - b) < 1e-5) }
    #expect(try model.predict(x.sliced(axis: 0, 0..<0)).shape == [0, 3])
    #expect(throws: LearningError.self) { try model.predict(x.reshaped(to: [7, 200])) }
  }

  @Test func weightsAreChecked() throws {
    let description = try ModelDescription(layers: [.dense(units: 2)], inputShape: [3])
    var weights = description.initialWeights(seed: SeedTree(seed: 1))
    weights["dense1.bias"] = nil
    #expect(throws: LearningError.missingWeight("dense1.bias")) {
      try Model(description: description, weights: weights)
    }
    weights["dense1.bias"] = Tensor(repeating: 0, shape: [3])
    #expect(throws: LearningError.self) { try Model(description: description, weights: weights) }
  }

  @Test func descriptionsAreStored() throws {
    let description = try ModelDescription(layers: Self.convolutional, inputShape: [2, 10, 10])
    let data = try JSONEncoder().encode(description)
    #expect(try JSONDecoder().decode(ModelDescription.self, from: data) == description)
    let broken = Data(#"{"layers": [{"dense": {"units": 0}}], "inputShape": [3]}"#.utf8)
    #expect(throws: (any Error).self) { try JSONDecoder().decode(ModelDescription.self, from: broken) }
  }
}
