import Graphs
import Tensors

/// Normalisations, with the statistics that a trained model has or those of each example.
extension ONNXReader {
  /// `scale · (x − mean) / √(variance + ε) + bias`: one factor and one offset a channel, computed here.
  func batchNormalization() throws(ModelFileError) -> [ONNXValue] {
    try node.require(!node.flag("training_mode"), "is in training mode; export the model for inference")
    let x = try operand(0)
    let variance = try shift(operand(4), node.float("epsilon", default: 1e-5))
    let factor = try apply(.multiply, operand(1), apply(.inverseSquareRoot, variance))
    let offset = try subtract(operand(2), apply(.multiply, operand(3), factor))
    let rank = max(shape(of: x).rank, 2)
    return [try add(multiply(x, perChannel(factor, rank: rank)), perChannel(offset, rank: rank))]
  }

  func normalization() throws(ModelFileError) -> [ONNXValue] {
    let x = try operand(0)
    let (extents, rank) = (shape(of: x).extents, shape(of: x).rank)
    switch node.kind {
    case "LayerNormalization":
      let axis = try node.axis(node.integer("axis", default: -1), rank: rank)
      let result = try multiply(standardised(x, axes: Array(axis..<rank)), operand(1))
      guard let bias = try optionalOperand(2) else { return [result] }
      return [try add(result, bias)]
    case "InstanceNormalization":
      try node.require(rank >= 3, "needs axes beside examples and channels")
      return [try scaled(standardised(x, axes: Array(2..<rank)), rank: rank)]
    default:
      let groups = node.integer("num_groups", default: 0)
      try node.require(rank >= 3 && groups > 0 && extents[1] % groups == 0, "has \(groups) groups of \(shape(of: x))")
      let size = extents.dropFirst().reduce(1, *) / groups
      let rows = try standardised(reshape(x, [extents[0], groups, size]), axes: [2])
      guard node.opset < 21 else { return [try scaled(reshape(rows, extents), rank: rank)] }
      // Before operator set 21 there was one scale a group.
      return [try reshape(scaled(rows, rank: 3), extents)]
    }
  }

  /// `(x − mean) / √(variance + ε)` over some axes of each example.
  private func standardised(_ x: ONNXValue, axes: [Int]) throws(ModelFileError) -> ONNXValue {
    let centred = try subtract(x, mean(x, axes: axes))
    let variance = try mean(apply(.power(2), centred), axes: axes)
    return try apply(
      .multiply, centred, apply(.inverseSquareRoot, shift(variance, node.float("epsilon", default: 1e-5))))
  }

  private func scaled(_ x: ONNXValue, rank: Int) throws(ModelFileError) -> ONNXValue {
    try add(multiply(x, perChannel(operand(1), rank: rank)), perChannel(operand(2), rank: rank))
  }
}
