import Graphs
import Tensors

/// Activations with attributes.
extension ONNXReader {
  func activation() throws(ModelFileError) -> [ONNXValue] {
    let x = try operand(0)
    switch node.kind {
    case "LeakyRelu":
      let slope = node.float("alpha", default: 0.01)
      return [try add(scale(x, slope), scale(relu(x), 1 - slope))]
    case "PRelu":
      // slope·x + (1 − slope)·relu(x)
      let slope = try slopes(for: x)
      return [try add(multiply(x, slope), multiply(relu(x), subtract(number(1), slope)))]
    case "Elu": return [try exponentialUnit(x, alpha: node.float("alpha", default: 1), gamma: 1)]
    case "Selu":
      let alpha = node.float("alpha", default: 1.673_263_2)
      return [try exponentialUnit(x, alpha: alpha, gamma: node.float("gamma", default: 1.050_701))]
    case "HardSigmoid":
      let line = try shift(
        scale(x, node.float("alpha", default: 0.2)), node.float("beta", default: 0.5))
      return [try clip(line, 0, 1)]
    case "Gelu": return [try gaussianUnit(x)]
    case "Clip":
      let low = try node.has("min") ? node.float("min", default: 0) : optionalFloats(1)?.first
      let high = try node.has("max") ? node.float("max", default: 0) : optionalFloats(2)?.first
      return [try clip(x, low, high)]
    default: return [try softmax(x)]
    }
  }

  /// One slope, or one for each channel.
  private func slopes(for x: ONNXValue) throws(ModelFileError) -> ONNXValue {
    let slope = try operand(1)
    let (extents, rank) = (shape(of: slope).extents, shape(of: x).rank)
    // Before operator set 7 a list of slopes was for axis 1.
    if node.opset < 7, extents.count == 1, extents[0] > 1, rank > 2 {
      return try reshape(slope, extents + Array(repeating: 1, count: rank - 2))
    }
    return slope
  }

  /// `gamma · (relu(x) + alpha · (e^min(x, 0) − 1))`.
  private func exponentialUnit(_ x: ONNXValue, alpha: Float, gamma: Float) throws(ModelFileError) -> ONNXValue {
    let positive = try relu(x)
    let curve = try shift(apply(.exp, subtract(x, positive)), -1)
    return try scale(add(positive, scale(curve, alpha)), gamma)
  }

  private func clip(_ x: ONNXValue, _ low: Float?, _ high: Float?) throws(ModelFileError) -> ONNXValue {
    var result = x
    // low + relu(x − low), and high − relu(high − x); bounds no float reaches say nothing.
    if let low, low > -1e30 { result = try shift(relu(shift(result, -low)), low) }
    if let high, high < 1e30 { result = try shift(apply(.negate, relu(shift(apply(.negate, result), high))), high) }
    return result
  }

  private func gaussianUnit(_ x: ONNXValue) throws(ModelFileError) -> ONNXValue {
    guard node.text("approximate", default: "none") == "tanh" else { return try apply(.gelu, x) }
    let argument = try scale(add(x, scale(apply(.power(3), x), 0.044715)), 0.797_884_56)
    return try apply(.multiply, scale(x, 0.5), shift(apply(.tanh, argument), 1))
  }

  private func softmax(_ x: ONNXValue) throws(ModelFileError) -> ONNXValue {
    let operation: Operation = node.kind == "Softmax" ? .softmax : .logSoftmax
    let extents = shape(of: x).extents
    try node.require(!extents.isEmpty, "needs an axis")
    let axis = try node.axis(node.integer("axis", default: node.opset < 13 ? 1 : -1), rank: extents.count)
    if node.opset < 13 {
      // All axes from this one on are one.
      let rows = extents[..<axis].reduce(1, *)
      let flat = try reshape(x, [rows, extents.reduce(1, *) / max(rows, 1)])
      return try reshape(apply(operation, flat), extents)
    }
    var order = Array(extents.indices)
    order.swapAt(axis, extents.count - 1)
    return try transpose(apply(operation, transpose(x, order)), order)
  }
}
