public import Foundation
import Graphs
import SwiftProtobuf
import Tensors

/// Writes a model as ONNX, of operator set 17, for whoever runs it in the clear: its program node by node, its weights as initializers.
extension ModelFile {
  /// The bytes of an ONNX model that computes what this one does, for any number of examples. Preprocessing and the declared
  /// range of inputs have no place in it.
  ///
  /// - Throws: ``ModelFileError/unsupportedOperators(_:)`` for steps of a training, and where it would not fit into the format's 2 GB.
  public func encodedONNX() throws(ModelFileError) -> Data {
    let bytes = weights.values.reduce(0) { $0 + 4 * $1.count }
    guard bytes < 2_000_000_000 else {
      throw .inconsistent("its weights of \(bytes) bytes do not fit into one ONNX file of 2 GB")
    }
    let model = try ONNXExport(self).model()
    do { return try model.serializedData() } catch { throw .inconsistent("it cannot be written as ONNX") }
  }
}

/// The nodes of a program as those of ONNX.
struct ONNXExport {
  private let file: ModelFile
  var writer = ONNXWriter()

  init(_ file: ModelFile) { self.file = file }

  consuming func model() throws(ModelFileError) -> Onnx_ModelProto {
    let graph = file.graph
    try refuseTrainingSteps()
    for name in file.weightNames { file.weights[name].map { _ = writer.weight(name, $0) } }
    writer.addInput(file.inputName, [nil] + file.exampleShape.extents.map { $0 })
    var names: [String] = []
    for node in graph.nodes { names.append(result(of: node, node.operands.map { (names[$0], graph.nodes[$0].shape) })) }
    let output = graph.outputs[0]
    // An input or a weight cannot be a result by its own name.
    let name = writer.append("Identity", [names[output]], layer: "output")
    writer.addOutput(name, [nil] + graph.nodes[output].shape.extents.dropFirst().map { $0 })
    var model = writer.model(opset: 17, producer: "Tacit", name: "model")
    // A layer of ours is several nodes, each of which wants a name of its own.
    for index in model.graph.node.indices { model.graph.node[index].name = model.graph.node[index].output[0] }
    return model
  }

  private func refuseTrainingSteps() throws(ModelFileError) {
    let refused = file.graph.nodes.enumerated().filter { Self.isOfTraining($1.operation) }
    guard refused.isEmpty else {
      throw .unsupportedOperators(
        refused.map { index, node in
          .init(kind: node.operation.name, node: node.layer.isEmpty ? "\(index)" : node.layer)
        })
    }
  }

  private static func isOfTraining(_ operation: Graphs.Operation) -> Bool {
    switch operation {
    case .conv2dWeightGradient, .conv2dExampleGradients, .conv2dExampleNorms, .averagePool2dGradient,
      .maxPool2dGradient:
      true
    case .input, .constant, .add, .subtract, .multiply, .divide, .compare, .select, .negate, .scale, .shift, .relu,
      .sigmoid, .tanh, .exp, .log, .reciprocal, .inverseSquareRoot, .gelu, .geluGradient, .power, .softmax, .logSoftmax,
      .matmul,
      .conv2d, .conv2dInputGradient, .averagePool2d, .maxPool2d, .sum, .mean, .max, .argmax, .broadcast, .reshape,
      .transpose, .concatenate, .slice, .pad, .gather, .scatter:
      false
    }
  }

  /// Writes a node; gives the name of its result.
  private mutating func result(of node: Graph.Node, _ operands: [(name: String, shape: Shape)]) -> String {
    let layer = node.layer.isEmpty ? "model" : node.layer
    let x = operands.map(\.name)
    switch node.operation {
    case .input(let name): return name
    case .constant(let value):
      let number = writer.constant(Double(value), layer: layer)
      return node.shape.rank == 0 ? number : expanded(number, node.shape, layer)
    case .add: return writer.append("Add", x, layer: layer)
    case .subtract: return writer.append("Sub", x, layer: layer)
    case .multiply: return writer.append("Mul", x, layer: layer)
    case .divide: return writer.append("Div", x, layer: layer)
    case .compare(let comparison): return number(compared(x, comparison, layer), layer)
    case .select: return writer.append("Where", [truth(x[0], layer), x[1], x[2]], layer: layer)
    case .negate: return writer.append("Neg", x, layer: layer)
    case .scale(let factor):
      return writer.append("Mul", x + [writer.constant(Double(factor), layer: layer)], layer: layer)
    case .shift(let offset):
      return writer.append("Add", x + [writer.constant(Double(offset), layer: layer)], layer: layer)
    case .power(let exponent):
      return writer.append("Pow", x + [writer.constant(Double(exponent), layer: layer)], layer: layer)
    case .relu: return writer.append("Relu", x, layer: layer)
    case .sigmoid: return writer.append("Sigmoid", x, layer: layer)
    case .tanh: return writer.append("Tanh", x, layer: layer)
    case .exp: return writer.append("Exp", x, layer: layer)
    case .log: return writer.append("Log", x, layer: layer)
    case .reciprocal: return writer.append("Reciprocal", x, layer: layer)
    case .inverseSquareRoot:
      return writer.append("Reciprocal", [writer.append("Sqrt", x, layer: layer)], layer: layer)
    case .gelu: return writer.append("Mul", [x[0], normalDistribution(x[0], layer)], layer: layer)
    case .geluGradient: return geluGradient(x[0], layer)
    case .softmax: return writer.append("Softmax", x, ["axis": .integer(-1)], layer: layer)
    case .logSoftmax: return writer.append("LogSoftmax", x, ["axis": .integer(-1)], layer: layer)
    case .matmul(let transposeLeft, let transposeRight):
      let turns: [String: ONNXWriter.Attribute] = [
        "transA": .integer(transposeLeft ? 1 : 0), "transB": .integer(transposeRight ? 1 : 0),
      ]
      return writer.append("Gemm", x, turns, layer: layer)
    case .conv2d(let convolution): return writer.append("Conv", x, Self.attributes(convolution), layer: layer)
    case .conv2dInputGradient(let convolution, let height, let width):
      return transposed(x, convolution, height, width, upstream: operands[0].shape, kernel: operands[1].shape, layer)
    case .averagePool2d(let pooling): return writer.append("AveragePool", x, Self.attributes(pooling), layer: layer)
    case .maxPool2d(let pooling): return writer.append("MaxPool", x, Self.attributes(pooling), layer: layer)
    case .sum(let axes):
      return axes.isEmpty ? x[0] : writer.append("ReduceSum", x + [writer.integers(axes, layer: layer)], layer: layer)
    case .mean(let axes):
      return axes.isEmpty ? x[0] : writer.append("ReduceMean", x, ["axes": .integers(axes)], layer: layer)
    case .max(let axis): return writer.append("ReduceMax", x, ["axes": .integers([axis])], layer: layer)
    case .argmax(let axis): return number(writer.append("ArgMax", x, ["axis": .integer(axis)], layer: layer), layer)
    case .broadcast(let shape): return expanded(x[0], shape, layer)
    case .reshape(let extents):
      return writer.append("Reshape", x + [writer.integers(extents, layer: layer)], layer: layer)
    case .transpose(let permutation):
      return writer.append("Transpose", x, ["perm": .integers(permutation)], layer: layer)
    case .concatenate(let axis): return writer.append("Concat", x, ["axis": .integer(axis)], layer: layer)
    case .slice(let axis, let start, let end):
      let bounds = [[start], [end], [axis]].map { writer.integers($0, layer: layer) }
      return writer.append("Slice", x + bounds, layer: layer)
    case .pad(let axis, let before, let after):
      let rank = operands[0].shape.rank
      let pads = (0..<2 * rank).map { $0 == axis ? before : $0 == rank + axis ? after : 0 }
      return writer.append("Pad", x + [writer.integers(pads, layer: layer)], layer: layer)
    case .gather(let axis, let indices):
      let places = writer.integers(indices, layer: layer)
      return writer.append("Gather", x + [places], ["axis": .integer(axis)], layer: layer)
    case .scatter(let axis, let indices, let extent):
      return scattered(x[0], rank: operands[0].shape.rank, axis: axis, indices, extent, layer)
    case .conv2dWeightGradient, .conv2dExampleGradients, .conv2dExampleNorms, .averagePool2dGradient,
      .maxPool2dGradient:
      // Refused before anything was written.
      return x[0]
    }
  }
}
