import Tensors

/// Activations, as layers of their own or at the end of others.
extension KerasReader {
  /// What a layer's `activation` makes of its result.
  mutating func activated(_ layer: KerasLayer, _ value: String) throws(ModelFileError) -> String {
    let setting = layer.settings["activation"]
    guard !setting.isNull else { return value }
    guard let name = setting.text ?? setting["config"].text ?? setting["class_name"].text else {
      throw layer.error("has an activation that is not named")
    }
    return try activation(name, layer, value)
  }

  static let activationLayer: Rule = { (reader, layer, inputs) throws(ModelFileError) in
    let value = inputs[0]
    switch layer.kind {
    case "Activation": return try reader.activated(layer, value)
    case "ReLU": return try reader.rectified(layer, value)
    case "LeakyReLU":
      return reader.append(
        "LeakyRelu", [value], ["alpha": .float(layer.number("negative_slope", "alpha", default: 0.3))], of: layer)
    case "PReLU":
      let slope = try layer.array("alpha")
      let weight = reader.weight("alpha", of: layer, slope)
      return reader.append("PRelu", [value, weight], of: layer)
    case "ELU":
      return reader.append("Elu", [value], ["alpha": .float(layer.number("alpha", default: 1))], of: layer)
    default:
      return reader.append("Softmax", [value], ["axis": .integer(layer.settings["axis"].integer ?? -1)], of: layer)
    }
  }

  private mutating func activation(
    _ name: String, _ layer: KerasLayer, _ value: String
  ) throws(ModelFileError) -> String {
    switch name {
    case "linear": return value
    case "relu": return append("Relu", [value], of: layer)
    case "sigmoid": return append("Sigmoid", [value], of: layer)
    case "tanh": return append("Tanh", [value], of: layer)
    case "softmax": return append("Softmax", [value], ["axis": .integer(-1)], of: layer)
    case "log_softmax": return append("LogSoftmax", [value], ["axis": .integer(-1)], of: layer)
    case "softplus": return append("Softplus", [value], of: layer)
    case "elu": return append("Elu", [value], of: layer)
    case "selu": return append("Selu", [value], of: layer)
    case "exponential": return append("Exp", [value], of: layer)
    case "gelu":
      // x/2 · (1 + erf(x/√2)), which the reader knows as one operation.
      let erf = append("Erf", [append("Mul", [value, number(0.5.squareRoot(), of: layer)], of: layer)], of: layer)
      let product = append("Mul", [value, append("Add", [erf, number(1, of: layer)], of: layer)], of: layer)
      return append("Mul", [product, number(0.5, of: layer)], of: layer)
    case "relu6": return clipped(append("Relu", [value], of: layer), at: 6, layer)
    case "leaky_relu": return append("LeakyRelu", [value], ["alpha": .float(0.2)], of: layer)
    case "swish", "silu": return append("Mul", [value, append("Sigmoid", [value], of: layer)], of: layer)
    case "softsign":
      let divisor = append("Add", [append("Abs", [value], of: layer), number(1, of: layer)], of: layer)
      return append("Div", [value, divisor], of: layer)
    case "hard_sigmoid":
      let slope = version.hasPrefix("3") ? 1.0 / 6 : 0.2
      return append("HardSigmoid", [value], ["alpha": .float(slope), "beta": .float(0.5)], of: layer)
    default:
      throw .unsupportedOperators([
        .init(kind: "the activation \(name)", node: layer.name, rewrite: "relu comes nearest")
      ])
    }
  }

  private mutating func rectified(_ layer: KerasLayer, _ value: String) throws(ModelFileError) -> String {
    guard layer.number("threshold", default: 0) == 0 else {
      throw layer.error("has a threshold, which is not supported")
    }
    let slope = layer.number("negative_slope", default: 0)
    let result =
      slope == 0
      ? append("Relu", [value], of: layer) : append("LeakyRelu", [value], ["alpha": .float(slope)], of: layer)
    return layer.settings["max_value"].number.map { clipped(result, at: $0, layer) } ?? result
  }

  private mutating func clipped(_ value: String, at limit: Double, _ layer: KerasLayer) -> String {
    append("Clip", [value, "", number(limit, of: layer)], of: layer)
  }
}
