import Graphs
import Tensors

/// Values that the file or its shapes give.
extension ONNXReader {
  func constant() throws(ModelFileError) -> [ONNXValue] {
    if let tensor = node.tensor("value") {
      // What stands in the program rather than among the weights is public.
      if case .floats(let floats, _) = try tensors.value(of: tensor) {
        return [.floats(floats, name: floats.count > 1 ? freeName() : nil)]
      }
      return [try tensors.value(of: tensor)]
    }
    if let list = node.attribute("value_ints") { return [.integers(Tensor(list.ints.map { Int(clamping: $0) }))] }
    if let one = node.attribute("value_int") {
      return [.integers(Tensor(shape: .scalar, scalars: [Int(clamping: one.i)]))]
    }
    if let list = node.attribute("value_floats") {
      return [.floats(Tensor(shape: [list.floats.count], scalars: list.floats), name: nil)]
    }
    if let one = node.attribute("value_float") { return [number(one.f)] }
    throw node.error("has no value that is a number")
  }

  func constantOfShape() throws(ModelFileError) -> [ONNXValue] {
    let extents = try integers(0)
    try node.require(
      extents.count <= 8 && extents.allSatisfy { $0 >= 0 } && Shape.isReasonable(extents)
        && reserve(extents.reduce(1, *)),
      "has the impossible shape \(extents)")
    guard let proto = node.tensor("value") else {
      return [.floats(Tensor(repeating: 0, shape: Shape(extents)), name: nil)]
    }
    switch try tensors.value(of: proto) {
    case .floats(let tensor, _):
      return [.floats(Tensor(repeating: tensor.scalars.first ?? 0, shape: Shape(extents)), name: nil)]
    case .integers(let tensor): return [.integers(Tensor(repeating: tensor.scalars.first ?? 0, shape: Shape(extents)))]
    case .node: throw node.error("has no value that is a number")
    }
  }

  func shapeOf() throws(ModelFileError) -> [ONNXValue] {
    let extents = try shape(of: operand(0)).extents
    func place(_ name: String, _ value: Int) -> Int {
      let index = node.integer(name, default: value)
      return min(max(index < 0 ? index + extents.count : index, 0), extents.count)
    }
    let (start, end) = (place("start", 0), place("end", extents.count))
    return [.integers(Tensor(start < end ? Array(extents[start..<end]) : []))]
  }

  func reduction() throws(ModelFileError) -> [ONNXValue] {
    let x = try operand(0)
    let extents = shape(of: x).extents
    var axes: Set<Int> = []
    let named = try optionalIntegers("axes", orOperand: 1) ?? []
    for axis in named { axes.insert(try node.axis(axis, rank: extents.count)) }
    if named.isEmpty {
      if node.flag("noop_with_empty_axes") { return [x] }
      axes = Set(extents.indices)
    }
    let sorted = axes.sorted()
    var result = x
    switch node.kind {
    case "ReduceMean": result = try mean(x, axes: sorted)
    case "ReduceSum": result = try apply(.sum(axes: sorted), x)
    case "ReduceMax": for axis in sorted { result = try apply(.max(axis: axis), result) }
    default:
      result = try apply(.negate, x)
      for axis in sorted { result = try apply(.max(axis: axis), result) }
      result = try apply(.negate, result)
    }
    if node.flag("keepdims", default: true) { return [result] }
    return [try reshape(result, extents.indices.filter { !axes.contains($0) }.map { extents[$0] })]
  }

  func argmax() throws(ModelFileError) -> [ONNXValue] {
    let x = try operand(0)
    try node.require(!node.flag("select_last_index"), "takes the last of equal maxima; the first is what is supported")
    var extents = shape(of: x).extents
    let axis = try node.axis(node.integer("axis", default: 0), rank: extents.count)
    let result = try apply(.argmax(axis: axis), x)
    guard !node.flag("keepdims", default: true) else { return [result] }
    extents.remove(at: axis)
    return [try reshape(result, extents)]
  }
}
