import Arithmetic
import Foundation
import Graphs
import ModelFiles
import Tensors
import TestSupport
import Testing

/// Models written as ONNX: by our own reader, and by ONNX Runtime where it can be had.
@Suite struct ONNXExportTests {
  /// An operation on the data and weights of the given shapes, each operand in (0.25, 1.75).
  struct Step: Sendable, CustomStringConvertible {
    var operation: Graphs.Operation
    var data: Shape = [1, 3, 4, 4]
    var others: [Shape] = []
    var description: String { "\(operation)" }
  }

  static let steps: [Step] =
    [.add, .subtract, .multiply, .divide].map { Step(operation: $0, others: [[3, 1, 4]]) }
    + Comparison.allCases.map { Step(operation: .compare($0), others: [[4]]) }
    + [
      .negate, .scale(-2.5), .shift(0.75), .relu, .sigmoid, .tanh, .exp, .log, .reciprocal, .inverseSquareRoot, .gelu,
      .geluGradient,
      .power(3), .softmax, .logSoftmax, .averagePool2d(Pooling(window: 2, stride: 1)),
      .maxPool2d(Pooling(window: 3, stride: 2)), .sum(axes: [1, 3]), .sum(axes: []), .mean(axes: [2]), .max(axis: 2),
      .argmax(axis: 3), .reshape([-1, 48]), .transpose([0, 2, 3, 1]), .slice(axis: 2, start: 1, end: 3),
      .pad(axis: 3, before: 1, after: 2), .gather(axis: 1, indices: [2, 0, 0]),
      .scatter(axis: 2, indices: [4, 0, 0, 1], extent: 6),
    ].map { Step(operation: $0) }
    + [
      Step(operation: .select, others: [[3, 4, 4], [4]]),
      Step(operation: .broadcast([1, 3, 4, 5]), data: [1, 3, 4, 1]),
      Step(operation: .matmul(transposeLeft: false, transposeRight: true), data: [1, 5], others: [[2, 5]]),
      Step(operation: .concatenate(axis: 1)),
      Step(
        operation: .conv2d(Convolution(strideHeight: 2, strideWidth: 1, paddingHeight: 1, paddingWidth: 0)),
        others: [[2, 3, 3, 2]]),
      // Three rows of four are met by a stride of 2 and a kernel of 2 without padding: the last one is put back.
      Step(
        operation: .conv2dInputGradient(Convolution(stride: 2), inputHeight: 9, inputWidth: 8), others: [[3, 2, 2, 2]]),
    ]

  private static func model(_ step: Step) throws -> ModelFile {
    var graph = Graph()
    var operands = [try graph.appendInput("x", step.data, layer: "data")]
    var weights: [String: Tensor<Float>] = [:]
    // A weight by a name that results could have as well.
    for (index, shape) in step.others.enumerated() {
      let name = "step/\(index + 1)"
      operands.append(try graph.appendInput(name, shape, layer: "step"))
      weights[name] = tensor(shape, seed: UInt64(index + 1))
    }
    if case .select = step.operation {
      operands[0] = try graph.append(.compare(.greater), [operands[0], operands[2]], layer: "step")
    }
    if case .concatenate = step.operation { operands.append(operands[0]) }
    let node = try graph.append(step.operation, operands, layer: "step")
    try graph.setOutputs([node])
    return try ModelFile(
      graph: graph, weights: weights, provenance: .init(creator: "test", dataset: "", source: ""))
  }

  private static func tensor(_ shape: Shape, seed: UInt64) -> Tensor<Float> {
    var random = SeedTree(seed: seed).generator()
    return Tensor(shape: shape, scalars: (0..<shape.count).map { _ in Float(0.25 + 1.5 * random.uniform()) })
  }

  private static func run(_ model: ModelFile, _ x: Tensor<Float>) throws -> Tensor<Float> {
    var inputs = model.weights
    inputs[model.inputName] = x
    return try PlainEngine().run(try model.graph(batch: x.shape[0]), inputs: inputs)[0]
  }

  private static func isClose(_ a: Tensor<Float>, _ b: Tensor<Float>) -> Bool {
    a.shape == b.shape && zip(a.scalars, b.scalars).allSatisfy { abs($0 - $1) <= 1e-4 * max(1, abs($1)) }
  }

  @Test(arguments: steps) func ourReaderTakesEveryOperation(_ step: Step) throws {
    let model = try Self.model(step)
    // Some mix the examples of a batch here, by weights of one example's shape.
    let x = Self.tensor(step.data, seed: 9)
    let again = try ModelFile.parseONNX(model.encodedONNX(), name: "again")
    #expect(Self.isClose(try Self.run(again, x), try Self.run(model, x)))
  }

  @Test(arguments: ModelCase.all) func ourReaderTakesWhatWasRead(_ example: ModelCase) throws {
    let model = try ModelFile.parseONNX(example.model, name: "case")
    let again = try ModelFile.parseONNX(model.encodedONNX(), name: "again")
    let result = try Self.run(again, Tensor(shape: Shape(example.shape), scalars: example.input))
    #expect(Self.isClose(result, Tensor(shape: Shape(example.resultShape), scalars: example.result)))
  }

  @Test func stepsOfTrainingsAreRefusedByName() throws {
    let model = try Self.model(Step(operation: .maxPool2dGradient(Pooling(window: 2)), others: [[1, 3, 2, 2]]))
    let error = #expect(throws: ModelFileError.self) { try model.encodedONNX() }
    #expect(error.map { "\($0)" }?.contains("maxPool2dGradient (node \"step\")") == true)
  }

  /// The runtime's results, of all models at once: a process and its libraries take a while.
  @Test(
    .enabled("onnxruntime could not be installed by pip, so that ONNX Runtime is not asked") { ONNXRuntime.isThere })
  func theRuntimeComputesTheSame() throws {
    var models: [(name: String, model: ModelFile, x: Tensor<Float>)] = try ModelCase.all.map { example in
      let x = Tensor(shape: Shape(example.shape), scalars: example.input)
      return (example.name, try ModelFile.parseONNX(example.model, name: "case"), x)
    }
    models += try Self.steps.map { ("\($0)", try Self.model($0), Self.tensor($0.data, seed: 9)) }
    let results = try ONNXRuntime.run(models.map { ($0.model.encodedONNX, $0.x) })
    #expect(results.count == models.count)
    for ((name, model, x), result) in zip(models, results) {
      #expect(Self.isClose(result, try Self.run(model, x)), "\(name)")
    }
  }
}
