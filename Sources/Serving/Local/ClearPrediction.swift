public import ModelFiles
import Sharing
public import Tensors

/// The fixed-point result in the clear: what the secret engines are measured against.
public enum ClearPrediction {
  public static func predict(
    _ model: ModelFile, _ input: Tensor<Float>, fractionBits: Int
  ) async throws -> Tensor<Float> {
    let bounds = try ValueBounds(model, fractionBits: fractionBits)
    let engine = SecureEngine(ClearScheme(), fractionBits: fractionBits, widths: bounds.widths)
    var inputs: [String: ClearScheme.Share] = [:]
    for (name, weight) in model.weights {
      inputs[name] = .init(
        try SecretInput.encode(weight, named: "the weight \(name)", fractionBits: fractionBits))
    }
    inputs[model.inputName] = .init(
      try SecretInput.encode(input, named: "the input", fractionBits: fractionBits))
    let output = try await engine.run(try model.graph(batch: input.shape[0]), inputs: inputs)
    return FixedTensor(ring: output[0].value, fractionBits: fractionBits).decoded()
  }
}
