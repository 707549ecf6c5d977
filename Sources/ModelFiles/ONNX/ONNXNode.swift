import Tensors

/// One node of an ONNX graph: its attributes and operands, with errors that name it.
struct ONNXNode {
  let proto: Onnx_NodeProto
  /// Its version of the operators.
  let opset: Int
  private let attributes: [String: Onnx_AttributeProto]

  init(_ proto: Onnx_NodeProto, opset: Int) {
    self.proto = proto
    self.opset = opset
    attributes = Dictionary(proto.attribute.map { ($0.name, $0) }) { first, _ in first }
  }

  var kind: String { proto.opType }

  /// What plans and errors call it: its own name, or that of its result.
  var label: String { proto.name.isEmpty ? proto.output.first ?? "" : proto.name }

  var inputCount: Int { proto.input.count }

  func has(_ attribute: String) -> Bool { attributes[attribute] != nil }

  func integer(_ name: String, default value: Int) -> Int { attributes[name].map { Int(clamping: $0.i) } ?? value }

  func flag(_ name: String, default value: Bool = false) -> Bool { integer(name, default: value ? 1 : 0) != 0 }

  func float(_ name: String, default value: Float) -> Float { attributes[name]?.f ?? value }

  func text(_ name: String, default value: String = "") -> String {
    attributes[name].map { String(decoding: $0.s, as: UTF8.self) } ?? value
  }

  func integers(_ name: String) -> [Int]? { attributes[name]?.ints.map { Int(clamping: $0) } }

  func tensor(_ name: String) -> Onnx_TensorProto? { attributes[name].flatMap { $0.hasT ? $0.t : nil } }

  /// All that an attribute of `Constant` may be.
  func attribute(_ name: String) -> Onnx_AttributeProto? { attributes[name] }

  func error(_ why: String) -> ModelFileError { .malformed("the node \"\(label)\" (\(kind)) \(why)") }

  func require(_ condition: Bool, _ why: @autoclosure () -> String) throws(ModelFileError) {
    guard condition else { throw error(why()) }
  }

  /// An axis of a value of some rank, which may be counted from the end.
  func axis(_ axis: Int, rank: Int) throws(ModelFileError) -> Int {
    guard (-rank..<rank).contains(axis) else { throw error("names axis \(axis) of a value with \(rank) axes") }
    return axis < 0 ? axis + rank : axis
  }
}
