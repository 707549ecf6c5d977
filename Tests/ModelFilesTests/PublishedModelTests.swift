import Foundation
import Graphs
import ModelFiles
import Tensors
import TestSupport
import Testing

@Suite struct PublishedModelTests {
  @Test(
    .enabled(if: PublishedModels.folder != nil, "the folder of models is not here; set TACIT_DATA"),
    arguments: PublishedModels.examples)
  func givesItsPublishedResults(_ example: PublishedModels.Example) throws {
    let model = try ModelFile.loadONNX(from: example.model.path)
    let (input, expected) = (try example.input, try example.output)
    var inputs = model.weights
    inputs[model.inputName] = input
    let result = try PlainEngine().run(model.graph(batch: input.shape[0]), inputs: inputs)[0]
    #expect(result.count == expected.count)
    let scale = expected.scalars.map(abs).max() ?? 1
    for (a, b) in zip(result.scalars, expected.scalars) { #expect(abs(a - b) <= 1e-4 * max(1, scale)) }
  }
}
