import Foundation
import ModelFiles
import Serving
import Tensors
import TestSupport
import Testing

/// ONNX models on shares of three parties, against what ONNX Runtime made of them.
@Suite struct ONNXOnSharesTests {
  /// Within 2^-9 of the largest result: operators with the widest bounds are the exponential, division and roots.
  @Test(arguments: ModelCase.all) func computesWhatTheRuntimeDoes(_ example: ModelCase) async throws {
    let model = try ModelFile.parseONNX(example.model, name: "case")
    let x = Tensor(shape: Shape(example.shape), scalars: example.input)
    let options = try EngineOptions(
      engine: "replicated", parties: nil, transport: "memory", fractionBits: 16, repeats: 1, deadline: 900)
    let outcome = try await SecretPredictor(options: options, executable: "").predict(model, x)
    #expect(outcome.output.shape.extents == example.resultShape)
    let scale = max(1, example.result.map(abs).max() ?? 1)
    for (a, b) in zip(outcome.output.scalars, example.result) { #expect(abs(a - b) <= scale / 512) }
    #expect(outcome.summary.rounds == outcome.summary.planned.rounds)
    #expect(outcome.summary.bytesSent == outcome.summary.planned.bytesSent)
  }
}
