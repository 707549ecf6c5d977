import Graphs
public import ModelFiles
import Sharing
public import Tensors

/// Whether a model's values on given inputs stay within what fixed point can hold.
///
/// Secret engines cannot look, and an overflow would be a wrong answer without a sign; who has the input and the model can
/// look in the clear before sharing.
public enum RangeCheck {
  /// - Throws: ``SharingError/outOfRange(layer:operation:magnitude:limit:)`` naming the first layer whose values reach
  ///   beyond 2^(61 − 2f), the range that doubled products may have before truncation; averages carry up to 8 bits more.
  public static func check(_ model: ModelFile, _ input: Tensor<Float>, fractionBits: Int) throws {
    var graph = try model.graph(batch: input.shape[0])
    let nodes = graph.nodes
    try graph.setOutputs(Array(nodes.indices))
    var inputs = model.weights
    inputs[model.inputName] = input
    for (node, value) in zip(nodes, try PlainEngine().run(graph, inputs: inputs)) {
      let limit = Double(sign: .plus, exponent: node.operation.bits(before: fractionBits), significand: 1)
      let magnitude = value.scalars.reduce(Float(0)) { $1.isFinite ? max($0, abs($1)) : .infinity }
      guard Double(magnitude) < limit else {
        throw SharingError.outOfRange(
          layer: node.layer, operation: node.operation.name, magnitude: Double(magnitude), limit: limit)
      }
    }
  }
}

extension Operation {
  /// Bits that values may have before the point.
  fileprivate func bits(before fractionBits: Int) -> Int {
    let product = 61 - 2 * fractionBits
    return isAverage ? Swift.max(11, product - 8) : product
  }

  private var isAverage: Bool {
    switch self {
    case .mean, .averagePool2d, .averagePool2dGradient: true
    case .input, .constant, .add, .subtract, .multiply, .divide, .compare, .select, .negate, .scale, .shift, .relu,
      .sigmoid, .tanh, .exp, .log, .reciprocal, .softmax, .matmul, .conv2d, .conv2dInputGradient,
      .conv2dWeightGradient, .conv2dExampleGradients, .conv2dExampleNorms, .maxPool2d, .maxPool2dGradient, .sum, .max,
      .broadcast, .reshape, .transpose,
      .concatenate, .slice, .pad, .inverseSquareRoot, .gelu, .geluGradient, .power, .logSoftmax, .argmax, .gather,
      .scatter:
      false
    }
  }
}
