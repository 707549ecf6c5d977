import Tensors

/// The wire and file form: a list of nodes. Decoding infers every shape again, so no trap is reachable from a file.
extension Graph: Codable {
  /// More nodes than any model this project can run.
  static let largestNodeCount = 200_000
  /// Scalars of all nodes of one run together.
  static let largestScalarCount = 1 << 34

  private enum CodingKeys: String, CodingKey {
    case nodes, outputs
  }

  private struct WireNode: Codable {
    var operation: Operation
    var operands: [Int]?
    /// Inputs and constants only.
    var shape: Shape?
    var layer: String?
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let wire = try container.decode([WireNode].self, forKey: .nodes)
    func corrupted(_ why: String) -> DecodingError {
      DecodingError.dataCorruptedError(forKey: .nodes, in: container, debugDescription: why)
    }
    guard wire.count <= Self.largestNodeCount else {
      throw corrupted("\(wire.count) nodes are more than \(Self.largestNodeCount)")
    }
    var graph = Graph()
    var scalars = 0
    for (index, node) in wire.enumerated() {
      let layer = node.layer ?? ""
      let appended: Int
      do {
        switch (node.operation, node.shape) {
        case (.input(let name), let shape?): appended = try graph.appendInput(name, shape, layer: layer)
        case (.constant(let value), let shape?): appended = graph.appendConstant(value, shape, layer: layer)
        case (.input, nil), (.constant, nil): throw corrupted("node \(index) has no shape")
        default: appended = try graph.append(node.operation, node.operands ?? [], layer: layer)
        }
      } catch let error as GraphError {
        throw corrupted("\(error)")
      }
      guard appended == index else { throw corrupted("node \(index) repeats an input") }
      scalars += graph.nodes[index].shape.count
      guard scalars <= Self.largestScalarCount else { throw corrupted("the model is too large to run") }
    }
    do {
      try graph.setOutputs(try container.decode([Int].self, forKey: .outputs))
    } catch let error as GraphError {
      throw corrupted("\(error)")
    }
    self = graph
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    let wire = nodes.map { node in
      var keepsShape = false
      switch node.operation {
      case .input, .constant: keepsShape = true
      default: break
      }
      return WireNode(
        operation: node.operation, operands: node.operands.isEmpty ? nil : node.operands,
        shape: keepsShape ? node.shape : nil, layer: node.layer.isEmpty ? nil : node.layer)
    }
    try container.encode(wire, forKey: .nodes)
    try container.encode(outputs, forKey: .outputs)
  }
}
