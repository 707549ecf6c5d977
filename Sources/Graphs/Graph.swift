public import Tensors

/// A program over tensors, stored in topological order: running it is one walk over ``nodes``.
public struct Graph: Hashable, Sendable {
  public struct Node: Hashable, Sendable {
    public let operation: Operation
    /// Indices of the operands, all smaller than the node's own.
    public let operands: [Int]
    public let shape: Shape
    /// The layer that emitted the node, for plans and error messages; may be empty.
    public let layer: String
  }

  public private(set) var nodes: [Node] = []
  /// Indices of the nodes whose values a run returns, in order.
  public internal(set) var outputs: [Int] = []
  /// Inputs by name; each name is one node.
  public private(set) var inputs: [String: Int] = [:]

  public init() {}

  /// Adds an input node, or returns the one of that name.
  ///
  /// - Throws: ``GraphError/conflictingInput(_:_:_:)`` when the name is there with another shape.
  public mutating func appendInput(_ name: String, _ shape: Shape, layer: String = "") throws(GraphError) -> Int {
    if let index = inputs[name] {
      guard nodes[index].shape == shape else { throw .conflictingInput(name, nodes[index].shape, shape) }
      return index
    }
    inputs[name] = nodes.count
    nodes.append(Node(operation: .input(name), operands: [], shape: shape, layer: layer))
    return nodes.count - 1
  }

  /// Adds a public constant.
  public mutating func appendConstant(_ value: Float, _ shape: Shape, layer: String = "") -> Int {
    nodes.append(Node(operation: .constant(value), operands: [], shape: shape, layer: layer))
    return nodes.count - 1
  }

  /// Adds an operation on earlier nodes; its shape is inferred.
  public mutating func append(
    _ operation: Operation, _ operands: [Int], layer: String = ""
  ) throws(GraphError) -> Int {
    guard operands.allSatisfy({ nodes.indices.contains($0) }) else {
      throw .unknownOperand(operation.name, layer: layer)
    }
    let shape = try operation.shape(of: operands.map { nodes[$0].shape }, layer: layer)
    guard Shape.isReasonable(shape.extents) else {
      throw .invalidAttribute(operation.name, "a result of shape \(shape) is too large", layer: layer)
    }
    nodes.append(Node(operation: operation, operands: operands, shape: shape, layer: layer))
    return nodes.count - 1
  }

  /// Declares which nodes a run returns.
  public mutating func setOutputs(_ outputs: [Int]) throws(GraphError) {
    guard outputs.allSatisfy({ nodes.indices.contains($0) }) else { throw .unknownOperand("output", layer: "") }
    self.outputs = outputs
  }

  /// The shape of a named input.
  public func shape(ofInput name: String) -> Shape? { inputs[name].map { nodes[$0].shape } }

  /// The same program for inputs of other shapes, all shapes inferred again: another batch size, say.
  public func resized(inputs shapes: [String: Shape]) throws(GraphError) -> Graph {
    var graph = Graph()
    for node in nodes {
      if case .input(let name) = node.operation {
        _ = try graph.appendInput(name, shapes[name] ?? node.shape, layer: node.layer)
      } else {
        _ = try graph.append(copyOf: node, node.operands)
      }
    }
    graph.outputs = outputs
    return graph
  }

  /// Appends what a node of another program is, of operands of this one; gives its index.
  package mutating func append(copyOf node: Node, _ operands: [Int]) throws(GraphError) -> Int {
    switch node.operation {
    case .input(let name): try appendInput(name, node.shape, layer: node.layer)
    case .constant(let value): appendConstant(value, node.shape, layer: node.layer)
    default: try append(node.operation, operands, layer: node.layer)
    }
  }
}

/// Why a graph cannot be built: shapes that do not fit, named with the layer they appear in.
public enum GraphError: Error, Hashable, Sendable, CustomStringConvertible {
  case shapesDoNotFit(String, [Shape], layer: String)
  case invalidAttribute(String, String, layer: String)
  case conflictingInput(String, Shape, Shape)
  case unknownOperand(String, layer: String)
  case missingInput(String)
  case wrongInputShape(String, expected: Shape, given: Shape)
  case notDifferentiable(String, layer: String)
  /// A result of one example depends on others.
  case mixesExamples(String, layer: String)

  public var description: String {
    func at(_ layer: String) -> String { layer.isEmpty ? "" : " in layer \(layer)" }
    switch self {
    case .shapesDoNotFit(let operation, let shapes, let layer):
      let list = shapes.map(\.description).joined(separator: " and ")
      return "\(operation)\(at(layer)) cannot take operands of shape \(list)"
    case .invalidAttribute(let operation, let why, let layer): return "\(operation)\(at(layer)): \(why)"
    case .conflictingInput(let name, let a, let b):
      return "input \"\(name)\" is used with shape \(a) and with shape \(b)"
    case .unknownOperand(let operation, let layer):
      return "\(operation)\(at(layer)) refers to a node that is not before it"
    case .missingInput(let name): return "no value was given for input \"\(name)\""
    case .wrongInputShape(let name, let expected, let given):
      return "input \"\(name)\" must have shape \(expected), not \(given)"
    case .notDifferentiable(let operation, let layer): return "\(operation)\(at(layer)) has no gradient"
    case .mixesExamples(let operation, let layer):
      return "\(operation)\(at(layer)) mixes the examples of a batch, or has no gradient of each; leave the layer out"
    }
  }
}
