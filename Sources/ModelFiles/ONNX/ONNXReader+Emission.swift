import Graphs
import Tensors

/// What rules build programs with.
extension ONNXReader {
  /// The most scalars of a value that is computed while reading.
  static let largestConstant = 1 << 26
  /// The most scalars of all such values together.
  private static let mostComputed = 1 << 30

  func shape(of value: ONNXValue) -> Shape {
    switch value {
    case .node(let index): graph.nodes[index].shape
    case .floats(let tensor, _): tensor.shape
    case .integers(let tensor): tensor.shape
    }
  }

  /// A public number.
  func number(_ value: Float) -> ONNXValue { .floats(Tensor(repeating: value, shape: .scalar), name: nil) }

  /// An operation on values: computed now where all of them are known, else a node of the program.
  func apply(_ operation: Operation, _ operands: ONNXValue...) throws(ModelFileError) -> ONNXValue {
    try apply(operation, operands)
  }

  func apply(_ operation: Operation, _ operands: [ONNXValue]) throws(ModelFileError) -> ONNXValue {
    do {
      if let known = operands.known { return try fold(operation, known) }
      var nodes: [Int] = []
      for operand in operands { nodes.append(try place(operand)) }
      return .node(try graph.append(operation, nodes, layer: node.label))
    } catch {
      throw node.error("does not fit: \(error)")
    }
  }

  private func fold(
    _ operation: Operation, _ operands: [(tensor: Tensor<Float>, name: String?)]
  ) throws(GraphError) -> ONNXValue {
    var program = Graph()
    var inputs: [String: Tensor<Float>] = [:]
    var nodes: [Int] = []
    for (index, operand) in operands.enumerated() {
      inputs["\(index)"] = operand.tensor
      nodes.append(try program.appendInput("\(index)", operand.tensor.shape))
    }
    let result = try program.append(operation, nodes)
    let (count, patches) = (program.nodes[result].shape.count, program.patchCount(of: program.nodes[result]))
    guard patches <= Self.largestConstant, reserve(count) else {
      throw .invalidAttribute(operation.name, "a known value of that many numbers is too large", layer: node.label)
    }
    try program.setOutputs([result])
    let tensor = try PlainEngine().run(program, inputs: inputs)[0]
    let isPublic = operands.allSatisfy { $0.name == nil }
    return .floats(tensor, name: isPublic ? nil : freeName())
  }

  /// Counts scalars of a value that is to be computed; `false` where they are too many.
  func reserve(_ count: Int) -> Bool {
    guard count <= Self.largestConstant, count <= Self.mostComputed - computedCount else { return false }
    computedCount += count
    return true
  }

  /// A name for a weight that was computed of weights.
  func freeName() -> String {
    var number = 1
    while usedNames.contains("\(node.label)/\(number)") { number += 1 }
    usedNames.insert("\(node.label)/\(number)")
    return "\(node.label)/\(number)"
  }

  /// A value as a node: a public constant where all its scalars are the same public number, else a weight.
  private func place(_ value: ONNXValue) throws(GraphError) -> Int {
    switch value {
    case .node(let index): return index
    case .integers(let tensor):
      return try place(.floats(Tensor(shape: tensor.shape, scalars: tensor.scalars.map { Float($0) }), name: nil))
    case .floats(let tensor, _) where !tensor.scalars.allSatisfy(\.isFinite):
      throw .invalidAttribute("a known value", "it holds what is no finite number", layer: node.label)
    case .floats(let tensor, nil):
      if let first = tensor.scalars.first, tensor.scalars.allSatisfy({ $0 == first }) {
        return graph.appendConstant(first, tensor.shape, layer: node.label)
      }
      return try place(.floats(tensor, name: freeName()))
    case .floats(let tensor, let name?):
      if let index = weightNodes[name] { return index }
      let index = try graph.appendInput(name, tensor.shape, layer: node.label)
      weights[name] = tensor
      weightNodes[name] = index
      return index
    }
  }
}

extension [ONNXValue] {
  /// All of them as floats, if all are known.
  fileprivate var known: [(tensor: Tensor<Float>, name: String?)]? {
    var found: [(tensor: Tensor<Float>, name: String?)] = []
    for value in self {
      switch value {
      case .node: return nil
      case .floats(let tensor, let name): found.append((tensor, name))
      case .integers(let tensor):
        found.append((Tensor(shape: tensor.shape, scalars: tensor.scalars.map { Float($0) }), nil))
      }
    }
    return found
  }
}

/// Small expressions that rules are made of.
extension ONNXReader {
  func add(_ a: ONNXValue, _ b: ONNXValue) throws(ModelFileError) -> ONNXValue { try apply(.add, a, b) }

  func subtract(_ a: ONNXValue, _ b: ONNXValue) throws(ModelFileError) -> ONNXValue { try apply(.subtract, a, b) }

  /// A product; one by a public number needs no multiplication of secrets.
  func multiply(_ a: ONNXValue, _ b: ONNXValue) throws(ModelFileError) -> ONNXValue {
    for (value, factor) in [(a, b), (b, a)] {
      if let number = publicNumber(factor), shape(of: factor).rank <= shape(of: value).rank {
        return try scale(value, number)
      }
    }
    return try apply(.multiply, a, b)
  }

  private func publicNumber(_ value: ONNXValue) -> Float? {
    switch value {
    case .floats(let tensor, nil) where tensor.count == 1: tensor.scalars[0]
    case .integers(let tensor) where tensor.count == 1: Float(tensor.scalars[0])
    default: nil
    }
  }

  func scale(_ a: ONNXValue, _ factor: Float) throws(ModelFileError) -> ONNXValue {
    factor == 1 ? a : try apply(.scale(factor), a)
  }

  func shift(_ a: ONNXValue, _ offset: Float) throws(ModelFileError) -> ONNXValue {
    offset == 0 ? a : try apply(.shift(offset), a)
  }

  func relu(_ a: ONNXValue) throws(ModelFileError) -> ONNXValue { try apply(.relu, a) }

  /// The larger of two, `b + relu(a − b)`.
  func larger(_ a: ONNXValue, _ b: ONNXValue) throws(ModelFileError) -> ONNXValue {
    try add(b, relu(subtract(a, b)))
  }

  /// The smaller of two, `a − relu(a − b)`.
  func smaller(_ a: ONNXValue, _ b: ONNXValue) throws(ModelFileError) -> ONNXValue {
    try subtract(a, relu(subtract(a, b)))
  }

  func reshape(_ a: ONNXValue, _ extents: [Int]) throws(ModelFileError) -> ONNXValue {
    guard case .node = a, !extents.isEmpty, !extents.contains(-1) else {
      return try apply(.reshape(extents), a)
    }
    guard extents.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) == shape(of: a).count else {
      throw node.error("cannot give \(shape(of: a)) the shape \(extents)")
    }
    // The first axis follows the number of examples.
    return extents == shape(of: a).extents ? a : try apply(.reshape([-1] + extents.dropFirst()), a)
  }

  func transpose(_ a: ONNXValue, _ permutation: [Int]) throws(ModelFileError) -> ONNXValue {
    permutation == Array(permutation.indices) ? a : try apply(.transpose(permutation), a)
  }

  func slice(_ a: ONNXValue, axis: Int, _ range: Range<Int>) throws(ModelFileError) -> ONNXValue {
    range == 0..<shape(of: a)[axis]
      ? a : try apply(.slice(axis: axis, start: range.lowerBound, end: range.upperBound), a)
  }

  func pad(_ a: ONNXValue, axis: Int, before: Int, after: Int) throws(ModelFileError) -> ONNXValue {
    before == 0 && after == 0 ? a : try apply(.pad(axis: axis, before: before, after: after), a)
  }

  func gather(_ a: ONNXValue, axis: Int, _ indices: [Int]) throws(ModelFileError) -> ONNXValue {
    try apply(.gather(axis: axis, indices: indices), a)
  }

  func mean(_ a: ONNXValue, axes: [Int]) throws(ModelFileError) -> ONNXValue { try apply(.mean(axes: axes), a) }
}
