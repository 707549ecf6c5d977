public import Graphs
public import Tensors

/// A feed-forward model: its layers, and the shape of one example. Always one whose layers fit together.
public struct ModelDescription: Hashable, Sendable {
  public let layers: [LayerSpec]
  /// The shape of one example, without the batch axis.
  public let inputShape: Shape
  /// Layers numbered by kind, in order: `dense1`, `relu1`, `dense2`.
  public let layerNames: [String]
  /// How weights begin.
  public let initial: InitialWeights
  /// The shape of one output, without the batch axis.
  public let outputShape: Shape
  /// The weights and running statistics in order, with how each begins.
  let weightSpecs: [WeightSpec]

  /// The name of the input of every graph of a description.
  public static let inputName = "x"

  /// - Throws: ``LearningError`` naming the layer that does not fit, with the shapes.
  public init(
    layers: [LayerSpec], inputShape: Shape, initial: InitialWeights = .byLayer
  ) throws(LearningError) {
    guard !layers.isEmpty else { throw .noLayers }
    self.initial = initial
    self.layers = layers
    self.inputShape = inputShape
    layerNames = ModelDescription.names(of: layers)
    for (layer, name) in zip(layers, layerNames) {
      if let fault = layer.fault { throw .invalidLayer(name, reason: fault) }
    }
    let assembly = try ModelAssembly(layers, layerNames, inputShape: inputShape, batch: 1, isTraining: false)
    outputShape = Shape(Array(assembly.outputShape.extents.dropFirst()))
    weightSpecs = assembly.weights
  }

  /// Of a job's model on examples of that shape.
  package init(_ model: Job.ModelPart, inputShape: Shape) throws(LearningError) {
    try self.init(layers: model.layers, inputShape: inputShape, initial: model.initial)
  }

  /// The program of a prediction for a batch; its one output is the model's.
  ///
  /// It takes ``inputName`` of shape `[batch] + inputShape` and one input for each weight and running statistic. ``Graph/resized(inputs:)``
  /// gives the same program for another batch.
  public func forwardGraph(batch: Int) throws(LearningError) -> Graph {
    var assembly = try assembly(batch: batch, isTraining: false)
    try assembly.finish()
    return assembly.graph
  }

  /// The names of the weights that training learns, in order.
  public var weightNames: [String] { weightSpecs.filter(\.isTrained).map(\.name) }

  /// The names of the running statistics that training keeps and prediction reads beside the weights, in order; only
  /// batch normalisation has any.
  public var statisticNames: [String] { weightSpecs.filter { !$0.isTrained }.map(\.name) }

  /// The names of weights and running statistics in the order of the layers, as ``Weights`` have them.
  package var orderedNames: [String] { weightSpecs.map(\.name) }

  /// The shape of the weight or running statistic of that name.
  public func shape(ofWeight name: String) -> Shape? { weightSpecs.first { $0.name == name }?.shape }

  /// The layers as nodes; the last one left out where the loss takes its place.
  func assembly(batch: Int, isTraining: Bool, droppingLast: Bool = false) throws(LearningError) -> ModelAssembly {
    let count = layers.count - (droppingLast ? 1 : 0)
    return try ModelAssembly(
      Array(layers.prefix(count)), Array(layerNames.prefix(count)), inputShape: inputShape, batch: batch,
      isTraining: isTraining)
  }

  private static func names(of layers: [LayerSpec]) -> [String] {
    var counts: [String: Int] = [:]
    return layers.map { layer in
      counts[layer.kind, default: 0] += 1
      return "\(layer.kind)\(counts[layer.kind, default: 0])"
    }
  }
}

extension ModelDescription: Codable {
  private enum Key: String, CodingKey { case layers, inputShape, initial }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    try self.init(
      layers: container.decode([LayerSpec].self, forKey: .layers),
      inputShape: container.decode(Shape.self, forKey: .inputShape),
      initial: container.decodeIfPresent(InitialWeights.self, forKey: .initial) ?? .byLayer)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(layers, forKey: .layers)
    try container.encode(inputShape, forKey: .inputShape)
    try container.encode(initial, forKey: .initial)
  }
}
