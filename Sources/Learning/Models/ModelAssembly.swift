import Graphs
import Tensors

/// The nodes of a model's layers, emitted one after the other.
struct ModelAssembly {
  private(set) var graph = Graph()
  /// The node the next layer reads.
  private(set) var output: Int
  private(set) var weights: [WeightSpec] = []
  /// Dropout masks by input name, with the rate of each.
  private(set) var masks: [(name: String, shape: Shape, rate: Double)] = []

  private let isTraining: Bool
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
    case .softmax where shape.rank < 2:
      throw .wrongInput(layer: name, shape: example, hint: "it needs an axis to run along")
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
    case .softmax: try then(.softmax, [output], name)
    }
  }

  private mutating func then(_ operation: Operation, _ operands: [Int], _ layer: String) throws(GraphError) {
    output = try graph.append(operation, operands, layer: layer)
  }

  private mutating func weight(
    _ part: String, of layer: String, _ extents: [Int], _ index: Int, fanIn: Int, fanOut: Int
  ) throws(GraphError) -> Int {
    guard Shape.isReasonable(extents) else {
      throw .invalidAttribute("weight", "a weight of extents \(extents) is too large", layer: layer)
    }
    let start: WeightSpec.Start = isBeforeReLU(index) ? .he(fanIn: fanIn) : .glorot(fanIn: fanIn, fanOut: fanOut)
    let spec = WeightSpec(name: "\(layer).\(part)", shape: Shape(extents), start: start)
    weights.append(spec)
    return try graph.appendInput(spec.name, spec.shape, layer: layer)
  }

  private mutating func bias(of layer: String, _ count: Int) throws(GraphError) -> Int {
    let spec = WeightSpec(name: "\(layer).bias", shape: [count], start: .zero)
    weights.append(spec)
    return try graph.appendInput(spec.name, spec.shape, layer: layer)
  }

  /// Whether the next layer that is not linear is a ReLU.
  private func isBeforeReLU(_ index: Int) -> Bool {
    for layer in layers[(index + 1)...] {
      switch layer {
      case .relu: return true
      case .averagePool, .maxPool, .flatten, .dropout: continue
      case .dense, .conv2d, .sigmoid, .tanh, .softmax: return false
      }
    }
    return false
  }
}
