import Foundation
import Tensors

/// Writes an ONNX graph node by node.
struct ONNXWriter {
  private(set) var graph = Onnx_GraphProto()
  private var count = 0
  /// Names of weights and inputs, which no result may have.
  private var taken: Set<String> = []

  enum Attribute {
    case integer(Int)
    case integers([Int])
    case float(Double)
    case floats([Double])
    case text(String)
    case tensor(Onnx_TensorProto)
  }

  /// Appends a node; gives the name of its result.
  @discardableResult
  mutating func append(
    _ kind: String, _ inputs: [String], _ attributes: [String: Attribute] = [:], layer: String,
    named result: String? = nil
  ) -> String {
    let name = result ?? freshName(in: layer)
    var node = Onnx_NodeProto()
    node.opType = kind
    node.name = layer
    node.input = inputs
    node.output = [name]
    node.attribute = attributes.sorted { $0.key < $1.key }.map { Self.proto($0.key, $0.value) }
    graph.node.append(node)
    return name
  }

  private mutating func freshName(in layer: String) -> String {
    repeat { count += 1 } while taken.contains("\(layer)/\(count)")
    return "\(layer)/\(count)"
  }

  private static func proto(_ name: String, _ value: Attribute) -> Onnx_AttributeProto {
    var proto = Onnx_AttributeProto()
    proto.name = name
    switch value {
    case .integer(let number): (proto.i, proto.type) = (Int64(number), .int)
    case .integers(let numbers): (proto.ints, proto.type) = (numbers.map { Int64($0) }, .ints)
    case .float(let number): (proto.f, proto.type) = (Float(number), .float)
    case .floats(let numbers): (proto.floats, proto.type) = (numbers.map { Float($0) }, .floats)
    case .text(let text): (proto.s, proto.type) = (Data(text.utf8), .string)
    case .tensor(let tensor): (proto.t, proto.type) = (tensor, .tensor)
    }
    return proto
  }

  /// A number that parties may know.
  mutating func constant(_ value: Double, layer: String) -> String {
    append("Constant", [], ["value_float": .float(value)], layer: layer)
  }

  /// Numbers that parties may know.
  mutating func constant(_ tensor: Tensor<Float>, layer: String) -> String {
    append("Constant", [], ["value": .tensor(Self.proto(tensor))], layer: layer)
  }

  private static func proto(_ tensor: Tensor<Float>) -> Onnx_TensorProto {
    var proto = Onnx_TensorProto()
    proto.dims = tensor.shape.extents.map { Int64($0) }
    proto.dataType = Int32(Onnx_TensorProto.DataType.float.rawValue)
    proto.rawData = tensor.scalars.withUnsafeBufferPointer { Data(buffer: $0) }
    return proto
  }

  /// Weights; gives their name.
  @discardableResult
  mutating func weight(_ name: String, _ tensor: Tensor<Float>) -> String {
    var proto = Self.proto(tensor)
    proto.name = name
    graph.initializer.append(proto)
    taken.insert(name)
    return name
  }

  /// Whole numbers that steer a node.
  mutating func integers(_ values: [Int], layer: String) -> String {
    append("Constant", [], ["value_ints": .integers(values)], layer: layer)
  }

  mutating func addInput(_ name: String, _ shape: [Int?]) {
    taken.insert(name)
    graph.input.append(Self.value(name, shape))
  }

  mutating func addOutput(_ name: String, _ shape: [Int?]) {
    graph.output.append(Self.value(name, shape))
  }

  private static func value(_ name: String, _ shape: [Int?]) -> Onnx_ValueInfoProto {
    var info = Onnx_ValueInfoProto()
    info.name = name
    info.type.tensorType.elemType = 1
    info.type.tensorType.shape.dim = shape.map { extent in
      var dimension = Onnx_TensorShapeProto.Dimension()
      if let extent { dimension.dimValue = Int64(extent) } else { dimension.dimParam = "batch" }
      return dimension
    }
    return info
  }

  /// The model of the graph.
  func model(opset: Int, producer: String, name: String) -> Onnx_ModelProto {
    var model = Onnx_ModelProto()
    model.irVersion = 8
    model.producerName = producer
    var operators = Onnx_OperatorSetIdProto()
    operators.version = Int64(opset)
    model.opsetImport = [operators]
    model.graph = graph
    model.graph.name = name
    return model
  }
}
