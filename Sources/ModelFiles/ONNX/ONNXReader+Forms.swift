import Graphs
import Tensors

/// Operators that change shapes alone.
extension ONNXReader {
  func form() throws(ModelFileError) -> [ONNXValue] {
    let x = try operand(0)
    let extents = shape(of: x).extents
    if node.kind == "Expand" { return [try expanded(x)] }
    if node.kind == "Transpose" { return [try transposed(x)] }
    let target = try target(extents)
    if case .integers(let tensor) = x {
      try node.require(
        Shape.isReasonable(target) && target.reduce(1, *) == tensor.count, "cannot give \(extents) the shape \(target)")
      return [.integers(tensor.reshaped(to: Shape(target)))]
    }
    return [try reshape(x, target)]
  }

  /// The shape that the node gives a value.
  private func target(_ extents: [Int]) throws(ModelFileError) -> [Int] {
    let rank = extents.count
    switch node.kind {
    case "Flatten":
      let axis = node.integer("axis", default: 1)
      try node.require((-rank...rank).contains(axis), "names axis \(axis) of a value with \(rank) axes")
      let cut = axis < 0 ? axis + rank : axis
      return [extents[..<cut].reduce(1, *), extents[cut...].reduce(1, *)]
    case "Reshape": return try reshaped(extents)
    case "Squeeze":
      var dropped = Set(extents.indices.filter { extents[$0] == 1 })
      if let axes = try optionalIntegers("axes", orOperand: 1) {
        dropped = []
        for axis in axes { dropped.insert(try node.axis(axis, rank: rank)) }
        try node.require(dropped.allSatisfy { extents[$0] == 1 }, "drops an axis of \(extents) that is not 1")
      }
      return extents.indices.filter { !dropped.contains($0) }.map { extents[$0] }
    default:
      guard let axes = try optionalIntegers("axes", orOperand: 1) else { throw node.error("lacks its axes") }
      var added: Set<Int> = []
      for axis in axes { added.insert(try node.axis(axis, rank: rank + axes.count)) }
      try node.require(added.count == axes.count && rank + axes.count <= 8, "names axes \(axes)")
      var rest = extents[...]
      return (0..<rank + axes.count).map { added.contains($0) ? 1 : rest.removeFirst() }
    }
  }

  private func reshaped(_ extents: [Int]) throws(ModelFileError) -> [Int] {
    guard var target = try optionalIntegers("shape", orOperand: 1) else { throw node.error("lacks its shape") }
    try node.require(
      target.count <= 8 && target.allSatisfy { $0 >= -1 } && Shape.isReasonable(target.filter { $0 > 0 }),
      "has the impossible shape \(target)")
    if !node.flag("allowzero") {
      for index in target.indices where target[index] == 0 {
        try node.require(index < extents.count, "takes axis \(index) of \(extents)")
        target[index] = extents[index]
      }
    }
    guard let free = target.firstIndex(of: -1) else { return target }
    let (count, fixed) = (extents.reduce(1, *), target.filter { $0 != -1 }.reduce(1, *))
    try node.require(
      target.filter { $0 == -1 }.count == 1 && fixed > 0 && count % fixed == 0,
      "cannot give \(extents) the shape \(target)")
    target[free] = count / fixed
    return target
  }

  private func transposed(_ x: ONNXValue) throws(ModelFileError) -> ONNXValue {
    let rank = shape(of: x).rank
    let order = node.integers("perm") ?? Array((0..<rank).reversed())
    try node.require(order.sorted() == Array(0..<rank), "has the permutation \(order) of \(rank) axes")
    return try transpose(x, order)
  }

  private func expanded(_ x: ONNXValue) throws(ModelFileError) -> ONNXValue {
    let target = try integers(1)
    guard target.count <= 8, target.allSatisfy({ $0 > 0 }), Shape.isReasonable(target),
      let shape = shape(of: x).broadcast(with: Shape(target))
    else { throw node.error("cannot repeat \(shape(of: x)) to \(target)") }
    guard shape != self.shape(of: x) else { return x }
    guard case .node = x else { return try apply(.broadcast(shape), x) }
    // By a sum with zeros, so that the number of examples stays free.
    let zeros = Tensor<Float>(
      repeating: 0, shape: shape.rank > self.shape(of: x).rank ? shape : shape.replacing(axis: 0, with: 1))
    return try add(x, .floats(zeros, name: nil))
  }

  func same() throws(ModelFileError) -> [ONNXValue] {
    let x = try operand(0)
    guard node.kind == "Cast" else { return [x] }
    let toFloat = [1, 10, 11].contains(node.integer("to", default: 1))
    switch x {
    case .integers(let tensor) where toFloat:
      return [.floats(Tensor(shape: tensor.shape, scalars: tensor.scalars.map { Float($0) }), name: nil)]
    case .floats(let tensor, nil) where !toFloat:
      return [
        .integers(
          Tensor(shape: tensor.shape, scalars: tensor.scalars.map { Int(exactly: $0.rounded(.towardZero)) ?? 0 }))
      ]
    case .node(let index) where !toFloat:
      // Whole already, where it is a place or a truth value.
      switch graph.nodes[index].operation {
      case .argmax, .compare: return [x]
      default: throw node.error("rounds values that depend on the data; leave the cast out")
      }
    default: return [x]
    }
  }

  func concatenation() throws(ModelFileError) -> [ONNXValue] {
    let found = try operands()
    guard let first = found.first else { throw node.error("has no operands") }
    let axis = try node.axis(node.integer("axis", default: 1), rank: max(shape(of: first).rank, 1))
    if let integers = found.integers, integers.allSatisfy({ $0.shape.rank == 1 }) {
      return [.integers(Tensor(integers.flatMap(\.scalars)))]
    }
    return [try apply(.concatenate(axis: axis), found)]
  }

  func split() throws(ModelFileError) -> [ONNXValue] {
    let x = try operand(0)
    let axis = try node.axis(node.integer("axis", default: 0), rank: shape(of: x).rank)
    let (extent, count) = (shape(of: x)[axis], node.proto.output.count)
    let size = (extent + max(count, 1) - 1) / max(count, 1)
    let sizes =
      try optionalIntegers("split", orOperand: 1)
      ?? (0..<count).map { min(size, extent - min($0 * size, extent)) }
    try node.require(
      sizes.count == count && sizes.allSatisfy { (0...extent).contains($0) } && sizes.reduce(0, +) == extent,
      "cannot split \(extent) into \(sizes)")
    var start = 0
    var parts: [ONNXValue] = []
    for size in sizes {
      parts.append(try slice(x, axis: axis, start..<start + size))
      start += size
    }
    return parts
  }
}
