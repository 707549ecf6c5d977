import Graphs
import Tensors

/// Products of matrices.
extension ONNXReader {
  func product() throws(ModelFileError) -> [ONNXValue] {
    node.kind == "Gemm" ? [try gemm()] : [try matmul(operand(0), operand(1))]
  }

  /// `alpha · A' · B' + beta · C`.
  private func gemm() throws(ModelFileError) -> ONNXValue {
    let operation = Operation.matmul(transposeLeft: node.flag("transA"), transposeRight: node.flag("transB"))
    let alpha = node.float("alpha", default: 1)
    // A factor goes into the weights, which are known.
    let result = try apply(operation, operand(0), scale(operand(1), alpha))
    guard let bias = try optionalOperand(2) else { return result }
    return try add(result, scale(bias, node.float("beta", default: 1)))
  }

  /// As NumPy's: vectors are completed, and a stack of matrices times one matrix is one product.
  private func matmul(_ a: ONNXValue, _ b: ONNXValue) throws(ModelFileError) -> ONNXValue {
    let (left, right) = (shape(of: a).extents, shape(of: b).extents)
    let plain = Operation.matmul(transposeLeft: false, transposeRight: false)
    switch (left.count, right.count) {
    case (2, 2): return try apply(plain, a, b)
    case (1, 2): return try dropping(0, apply(plain, reshape(a, [1, left[0]]), b))
    case (1..., 1):
      let column = try matmul(a, reshape(b, [right[0], 1]))
      return try reshape(column, Array(shape(of: column).extents.dropLast()))
    case (3..., 2):
      let rows = left.dropLast().reduce(1, *)
      let flat = try apply(plain, reshape(a, [rows, left[left.count - 1]]), b)
      return try reshape(flat, Array(left.dropLast()) + [right[1]])
    case (2, 3...): return try stacks(reshape(a, [1] + left), b)
    case (3..., 3...): return try stacks(a, b)
    default: throw node.error("cannot multiply \(shape(of: a)) by \(shape(of: b))")
    }
  }

  private func dropping(_ axis: Int, _ x: ONNXValue) throws(ModelFileError) -> ONNXValue {
    var extents = shape(of: x).extents
    extents.remove(at: axis)
    return try reshape(x, extents)
  }

  /// Stacks of matrices, by sums of element-wise products: `Σₖ a[…, m, k, 1] · b[…, 1, k, n]`.
  private func stacks(_ a: ONNXValue, _ b: ONNXValue) throws(ModelFileError) -> ONNXValue {
    let (left, right) = (shape(of: a).extents, shape(of: b).extents)
    let (m, k, n) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
    try node.require(k == right[right.count - 2], "cannot multiply \(shape(of: a)) by \(shape(of: b))")
    let rows = try reshape(a, Array(left.dropLast(2)) + [m, k, 1])
    let columns = try reshape(b, Array(right.dropLast(2)) + [1, k, n])
    let products = try apply(.multiply, rows, columns)
    let rank = shape(of: products).rank
    return try dropping(rank - 2, apply(.sum(axes: [rank - 2]), products))
  }
}
