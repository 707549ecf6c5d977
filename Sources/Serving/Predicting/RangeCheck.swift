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
  ///   beyond 2^(62 − 2f), the range that products may have before truncation.
  public static func check(_ model: ModelFile, _ input: Tensor<Float>, fractionBits: Int) throws {
    var graph = try model.graph(batch: input.shape[0])
    let result = graph.outputs
    let watched = graph.nodes.indices.filter { graph.nodes[$0].operation.isScaledTwice } + result
    try graph.setOutputs(watched)
    var inputs = model.weights
    inputs[model.inputName] = input
    let limit = Double(sign: .plus, exponent: 62 - 2 * fractionBits, significand: 1)
    for (node, value) in zip(watched, try PlainEngine().run(graph, inputs: inputs)) {
      let magnitude = value.scalars.reduce(Float(0)) { $1.isFinite ? max($0, abs($1)) : .infinity }
      guard Double(magnitude) < limit else {
        throw SharingError.outOfRange(
          layer: graph.nodes[node].layer, operation: graph.nodes[node].operation.name, magnitude: Double(magnitude),
          limit: limit)
      }
    }
  }
}

extension Operation {
  /// Whether its result has twice the fraction bits before truncation.
  fileprivate var isScaledTwice: Bool {
    switch self {
    case .multiply, .divide, .matmul, .conv2d, .conv2dInputGradient, .conv2dWeightGradient, .scale, .mean,
      .averagePool2d, .averagePool2dGradient, .softmax, .exp, .reciprocal, .select:
      true
    case .input, .constant, .add, .subtract, .compare, .negate, .shift, .relu, .sigmoid, .tanh, .log, .maxPool2d,
      .maxPool2dGradient, .sum, .max, .broadcast, .reshape, .transpose, .concatenate, .slice, .pad:
      false
    }
  }
}
