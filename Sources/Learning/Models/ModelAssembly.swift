import Graphs
import Tensors

/// The nodes of a model's layers, emitted one after the other.
struct ModelAssembly {
  var graph = Graph()
  /// The node the next layer reads.
  private(set) var output: Int
  private(set) var weights: [WeightSpec] = []
  /// Dropout masks by input name, with the rate of each.
  private(set) var masks: [(name: String, shape: Shape, rate: Double)] = []

  /// Running statistics by name, with the nodes that a training step replaces them by.
  var statistics: [(name: String, update: Int)] = []

  let isTraining: Bool
  private let layers: [LayerSpec]

  init(
    _ layers: [LayerSpec], _ names: [String], inputShape: Shape, batch: Int, isTraining: Bool
  ) throws(LearningError) {
    self.isTraining = isTraining
    self.layers = layers
    let extents = [batch] + inputShape.extents
    guard batch >= 1, Shape.isReasonable(extents) else {
      throw .wrongShape("the input", expected: "of at least one example, 7 axes and 2^40 scalars", given: inputShape)
    }
    output = 0
    do {
      output = try graph.appendInput(ModelDescription.inputName, Shape(extents))
    } catch { throw .layerDoesNotFit("input", error) }
    for index in layers.indices { try append(index, names[index]) }
  }

  var outputShape: Shape { graph.nodes[output].shape }

  /// Declares the last layer's result the graph's output.
  mutating func finish() throws(LearningError) {
    do { try graph.setOutputs([output]) } catch { throw .layerDoesNotFit("output", error) }
  }

  private mutating func append(_ index: Int, _ name: String) throws(LearningError) {
    let shape = outputShape
    let example = Shape(Array(shape.extents.dropFirst()))
    switch layers[index] {
    case .dense where shape.rank != 2:
      throw .wrongInput(layer: name, shape: example, hint: "put a flatten layer before it")
    case .conv2d where shape.rank != 4, .averagePool where shape.rank != 4, .maxPool where shape.rank != 4:
      throw .wrongInput(layer: name, shape: example, hint: "it takes images of shape [channels, height, width]")
    case .softmax where shape.rank < 2, .layerNorm where shape.rank < 2:
      throw .wrongInput(layer: name, shape: example, hint: "it needs an axis to run along")
    case .batchNorm where shape.rank != 2 && shape.rank != 4, .groupNorm where shape.rank != 2 && shape.rank != 4:
      throw .wrongInput(
        layer: name, shape: example, hint: "it takes features or images of shape [channels, height, width]")
    case .groupNorm(let groups) where shape[1] % groups != 0:
      throw .wrongInput(layer: name, shape: example, hint: "its \(groups) groups must divide the first extent")
    case .batchNorm where isTraining && shape.count == shape[1]:
      throw .invalidLayer(
        name,
        reason: "a batch of one example has no variance to learn from; choose another batch size, and one that leaves "
          + "no single row for the last batch")
    default: break
    }
    do { try emit(index, name) } catch { throw .layerDoesNotFit(name, error) }
  }

  private mutating func emit(_ index: Int, _ name: String) throws(GraphError) {
    switch layers[index] {
    case .dense(let units):
      let inputs = outputShape[1]
      let weight = try weight("weight", of: name, [inputs, units], index, fanIn: inputs, fanOut: units)
      let bias = try bias(of: name, units)
      try then(.matmul(transposeLeft: false, transposeRight: false), [output, weight], name)
      try then(.add, [output, bias], name)
    case .conv2d(let filters, let kernel, let stride, let padding):
      let channels = outputShape[1]
      let area = kernel * kernel
      let weight = try weight(
        "weight", of: name, [filters, channels, kernel, kernel], index, fanIn: channels * area, fanOut: filters * area)
      let bias = try bias(of: name, filters)
      let row = try graph.append(.reshape([1, filters, 1, 1]), [bias], layer: name)
      try then(.conv2d(Convolution(stride: stride, padding: padding)), [output, weight], name)
      try then(.add, [output, row], name)
    case .averagePool(let window, let stride):
      try then(.averagePool2d(Pooling(window: window, stride: stride)), [output], name)
    case .maxPool(let window, let stride):
      try then(.maxPool2d(Pooling(window: window, stride: stride)), [output], name)
    case .flatten:
      let count = outputShape.extents.dropFirst().reduce(1, *)
      try then(.reshape([-1, count]), [output], name)
    case .dropout(let rate):
      guard isTraining, rate > 0 else { return }
      masks.append((name + ".mask", outputShape, rate))
      let mask = try graph.appendInput(name + ".mask", outputShape, layer: name)
      try then(.multiply, [output, mask], name)
    case .relu: try then(.relu, [output], name)
    case .sigmoid: try then(.sigmoid, [output], name)
    case .tanh: try then(.tanh, [output], name)
    case .gelu: try then(.gelu, [output], name)
    case .batchNorm: try batchNorm(name)
    case .layerNorm: try layerNorm(name)
    case .groupNorm(let groups): try groupNorm(name, groups: groups)
    case .softmax: try then(.softmax, [output], name)
    }
  }

  mutating func then(_ operation: Operation, _ operands: [Int], _ layer: String) throws(GraphError) {
    output = try graph.append(operation, operands, layer: layer)
  }

  private mutating func weight(
    _ part: String, of layer: String, _ extents: [Int], _ index: Int, fanIn: Int, fanOut: Int
  ) throws(GraphError) -> Int {
    guard Shape.isReasonable(extents) else {
      throw .invalidAttribute("weight", "a weight of extents \(extents) is too large", layer: layer)
    }
    let start = WeightSpec.Start.random(fanIn: fanIn, fanOut: fanOut, beforeReLU: isBeforeReLU(index))
    return try input(WeightSpec(name: "\(layer).\(part)", shape: Shape(extents), start: start), layer)
  }

  mutating func bias(of layer: String, _ count: Int) throws(GraphError) -> Int {
    try input(WeightSpec(name: "\(layer).bias", shape: [count], start: .zero), layer)
  }

  /// A weight as an input of the graph.
  mutating func input(_ spec: WeightSpec, _ layer: String) throws(GraphError) -> Int {
    weights.append(spec)
    return try graph.appendInput(spec.name, spec.shape, layer: layer)
  }

  /// Whether the next layer that is not linear is a ReLU or nearly one.
  private func isBeforeReLU(_ index: Int) -> Bool {
    for layer in layers[(index + 1)...] {
      switch layer {
      case .relu, .gelu: return true
      case .averagePool, .maxPool, .flatten, .dropout, .batchNorm, .layerNorm, .groupNorm: continue
      case .dense, .conv2d, .sigmoid, .tanh, .softmax: return false
      }
    }
    return false
  }
}
