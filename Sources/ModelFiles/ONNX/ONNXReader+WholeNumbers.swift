import Tensors

/// Arithmetic on shapes and indices.
extension ONNXReader {
  /// The node's result on whole numbers; `nil` where the operator makes floats of them.
  func wholeNumbers(_ operands: [Tensor<Int>]) throws(ModelFileError) -> ONNXValue? {
    var shape = Shape.scalar
    for operand in operands {
      guard let wider = shape.broadcast(with: operand.shape) else { throw node.error("has operands that do not fit") }
      shape = wider
    }
    try node.require(shape.count <= 1 << 20, "makes \(shape.count) whole numbers; a million are the most")
    let columns = operands.map { $0.broadcast(to: shape).scalars }
    var scalars: [Int] = []
    for index in 0..<shape.count {
      guard let scalar = Self.result(node.kind, columns.map { $0[index] }) else { return nil }
      scalars.append(scalar)
    }
    return .integers(Tensor(shape: shape, scalars: scalars))
  }

  private static func result(_ kind: String, _ x: [Int]) -> Int? {
    guard x.count >= 2 else { return nil }
    switch kind {
    case "Add": return x[0] &+ x[1]
    case "Sub": return x[0] &- x[1]
    case "Mul": return x[0] &* x[1]
    case "Div": return x[1] == 0 || x[1] == -1 ? 0 &- x[0] : x[0] / x[1]
    case "Min": return x.min()
    case "Max": return x.max()
    case "Equal": return x[0] == x[1] ? 1 : 0
    case "Less": return x[0] < x[1] ? 1 : 0
    case "LessOrEqual": return x[0] <= x[1] ? 1 : 0
    case "Greater": return x[0] > x[1] ? 1 : 0
    case "GreaterOrEqual": return x[0] >= x[1] ? 1 : 0
    case "Where": return x.count == 3 ? (x[0] != 0 ? x[1] : x[2]) : nil
    default: return nil
    }
  }
}

extension [ONNXValue] {
  /// All of them as whole numbers, if all are.
  var integers: [Tensor<Int>]? {
    var found: [Tensor<Int>] = []
    for value in self {
      guard case .integers(let tensor) = value else { return nil }
      found.append(tensor)
    }
    return found
  }
}

extension Tensor<Int> {
  /// The slices along an axis with these indices.
  func taking(_ places: [Int], axis: Int) -> Tensor {
    let inner = shape.extents[(axis + 1)...].reduce(1, *)
    let (extent, outer) = (shape[axis], shape.extents[..<axis].reduce(1, *))
    var taken: [Int] = []
    for row in 0..<outer {
      for place in places {
        let start = (row * extent + place) * inner
        taken += scalars[start..<start + inner]
      }
    }
    return Tensor(shape: shape.replacing(axis: axis, with: places.count), scalars: taken)
  }
}
