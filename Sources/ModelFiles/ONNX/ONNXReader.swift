import Graphs
import Tensors

/// Walks an ONNX graph once and builds the program.
///
/// Values are one of three: whole numbers, which steer the reading; floats known now; and nodes that depend on the data. What needs known
/// values alone is computed on the spot by the plain engine.
final class ONNXReader {
  /// Reads one node's operator; gives the values of its results.
  typealias Rule = @Sendable (ONNXReader) -> () throws(ModelFileError) -> [ONNXValue]

  private let model: Onnx_ModelProto
  let tensors: ONNXTensorReader
  /// The node being read.
  private(set) var node = ONNXNode(Onnx_NodeProto(), opset: 0)
  private var values: [String: ONNXValue] = [:]
  var graph = Graph()
  var weights: [String: Tensor<Float>] = [:]
  /// Nodes of weights, by name.
  var weightNodes: [String: Int] = [:]
  /// Names that computed weights cannot be given.
  var usedNames: Set<String> = []
  /// How many scalars were computed while reading.
  var computedCount = 0
  var gelu = GeluPattern()

  init(_ model: Onnx_ModelProto, tensors: ONNXTensorReader) {
    self.model = model
    self.tensors = tensors
  }

  func read(name: String) throws(ModelFileError) -> ModelFile {
    let nodes = try neededNodes()
    try Self.refuseUnsupported(nodes)
    for tensor in model.graph.initializer { values[tensor.name] = try tensors.value(of: tensor) }
    usedNames = Set(model.graph.initializer.map(\.name) + model.graph.input.map(\.name))
    let input = try addInput()
    for next in nodes {
      node = next
      guard let rule = Self.rules[next.kind] else { continue }
      let results = try rule(self)()
      for (name, value) in zip(next.proto.output, results) where !name.isEmpty { values[name] = value }
    }
    let output = try result()
    do {
      try graph.setOutputs([output])
      graph = try graph.pruned()
      weights = weights.filter { graph.inputs[$0.key] != nil }
      return try ONNXBatch(graph: graph, input: input, weights: weights).model(named: name, of: model)
    } catch let error as ModelFileError {
      throw error
    } catch {
      throw .malformed("\(error)")
    }
  }

  // MARK: What the graph needs

  /// The version of the standard operators.
  private var opset: Int {
    model.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }.map { Int(clamping: $0.version) } ?? 1
  }

  /// The nodes that the result depends on, in their order.
  private func neededNodes() throws(ModelFileError) -> [ONNXNode] {
    guard (1...64).contains(opset) else { throw .notONNX(reason: "it names the operator set \(opset)") }
    guard model.graph.output.count == 1 else {
      let names = model.graph.output.map(\.name).joined(separator: ", ")
      throw .inconsistent(
        "it has \(model.graph.output.count) results (\(names)), and one is supported; keep one output")
    }
    var needed: Set = [model.graph.output[0].name]
    var nodes: [ONNXNode] = []
    for proto in model.graph.node.reversed() where proto.output.contains(where: needed.contains) {
      needed.formUnion(proto.input)
      nodes.append(ONNXNode(proto, opset: opset))
    }
    return nodes.reversed()
  }

  private static func refuseUnsupported(_ nodes: [ONNXNode]) throws(ModelFileError) {
    let unsupported = nodes.filter { rules[$0.kind] == nil || !["", "ai.onnx"].contains($0.proto.domain) }
    guard unsupported.isEmpty else {
      throw .unsupportedOperators(
        unsupported.map { .init(kind: $0.kind, node: $0.label, rewrite: ONNXRewrites.hint(for: $0.kind)) })
    }
  }

  /// The data input, as a node; inputs that have initial values are weights.
  private func addInput() throws(ModelFileError) -> String {
    let initial = Set(model.graph.initializer.map(\.name))
    let inputs = model.graph.input.filter { !initial.contains($0.name) }
    guard inputs.count == 1, let input = inputs.first else {
      let names = inputs.map(\.name).joined(separator: ", ")
      throw .inconsistent("it has \(inputs.count) inputs (\(names)), and one is supported")
    }
    let type = input.type.tensorType
    guard type.elemType == 1 || type.elemType == 10 || type.elemType == 11 else {
      throw .inconsistent("its input \"\(input.name)\" is not of floats; convert the model to float inputs")
    }
    var extents: [Int] = []
    for (axis, dimension) in type.shape.dim.enumerated() {
      switch dimension.value {
      case .dimValue(let extent) where extent > 0: extents.append(Int(clamping: extent))
      case .dimValue, .dimParam, nil:
        guard axis == 0 else {
          throw .inconsistent(
            "axis \(axis) of its input \"\(input.name)\" has no fixed extent; only the first, which counts examples, may vary"
          )
        }
        extents.append(1)
      }
    }
    guard !extents.isEmpty, extents.count <= 8, Shape.isReasonable(extents) else {
      throw .inconsistent("its input \"\(input.name)\" has the impossible shape \(extents)")
    }
    do {
      values[input.name] = .node(try graph.appendInput(input.name, Shape(extents)))
    } catch { throw .malformed("\(error)") }
    return input.name
  }

  private func result() throws(ModelFileError) -> Int {
    let name = model.graph.output[0].name
    guard case .node(let index)? = values[name] else {
      throw .inconsistent("its result \"\(name)\" does not depend on its input")
    }
    return index
  }

  // MARK: The operands of the node being read

  /// An operand that has to be there.
  func operand(_ index: Int) throws(ModelFileError) -> ONNXValue {
    guard let value = try optionalOperand(index) else { throw node.error("lacks its operand \(index)") }
    return value
  }

  /// An operand that may be left out.
  func optionalOperand(_ index: Int) throws(ModelFileError) -> ONNXValue? {
    guard index < node.inputCount, !node.proto.input[index].isEmpty else { return nil }
    guard let value = values[node.proto.input[index]] else {
      throw node.error("has the operand \"\(node.proto.input[index])\", which nothing before it makes")
    }
    return value
  }

  func operands() throws(ModelFileError) -> [ONNXValue] {
    var found: [ONNXValue] = []
    for index in 0..<node.inputCount { found.append(try operand(index)) }
    return found
  }

  /// Whole numbers known now, or `nil` where the operand is left out.
  func optionalIntegers(_ index: Int) throws(ModelFileError) -> [Int]? {
    guard let value = try optionalOperand(index) else { return nil }
    guard case .integers(let tensor) = value else {
      throw node.error("has an operand \(index) that is not known beforehand")
    }
    return tensor.scalars
  }

  /// Whole numbers that older operators have as an attribute and newer ones as an operand.
  func optionalIntegers(_ attribute: String, orOperand index: Int) throws(ModelFileError) -> [Int]? {
    if let list = node.integers(attribute) { return list }
    return try optionalIntegers(index)
  }

  func integers(_ index: Int) throws(ModelFileError) -> [Int] {
    guard let list = try optionalIntegers(index) else { throw node.error("lacks its operand \(index)") }
    return list
  }

  /// Floats known now, which steer an operator and so are public; `nil` where the operand is left out.
  func optionalFloats(_ index: Int) throws(ModelFileError) -> [Float]? {
    switch try optionalOperand(index) {
    case nil: return nil
    case .floats(let tensor, _): return tensor.scalars
    case .integers(let tensor): return tensor.scalars.map { Float($0) }
    case .node: throw node.error("has an operand \(index) that is not known beforehand")
    }
  }
}
