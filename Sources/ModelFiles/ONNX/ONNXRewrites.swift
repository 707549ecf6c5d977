/// What to do about operators that are not there.
enum ONNXRewrites {
  /// The nearest operators that are; `nil` where nothing comes near.
  static func hint(for kind: String) -> String? {
    switch kind {
    case "LSTM", "GRU", "RNN", "Loop", "Scan": "unroll it into matrix products and element-wise operators"
    case "If": "export the branch that is taken"
    case "Mish", "HardSwish", "ThresholdedRelu", "Swish": "write it with Sigmoid, Relu, Clip and Mul"
    case "Celu": "use Elu"
    case "LpPool", "GlobalLpPool": "use AveragePool"
    case "LRN", "MeanVarianceNormalization": "use BatchNormalization or GroupNormalization"
    case "Einsum": "write it with Transpose, Reshape and MatMul"
    case "Floor", "Ceil", "Round", "Sign", "Mod":
      "leave it out, or use Clip; steps of secrets have no derivative and cost comparisons"
    case "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Erf": "use Gelu, Tanh or Sigmoid where one fits"
    case "TopK": "use ArgMax for the first, or leave the ranking to the client"
    case "NonMaxSuppression", "NonZero", "Unique", "Compress":
      "leave it to the client: its result's size depends on data"
    case "GatherElements", "GatherND", "ScatterElements", "ScatterND": "use Gather with a public index"
    case "QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger",
      "DynamicQuantizeLinear":
      "export the model in floats; values become fixed-point numbers here anyway"
    default: nil
    }
  }
}
