import Foundation
import Graphs
import ModelFiles
import Tensors
import TestSupport
import Testing

/// ONNX models against what ONNX Runtime made of them (`Tests/Golden/onnx_cases.py`), two examples at once.
@Suite struct ONNXTests {
  @Test func theCasesAreThere() { #expect(ModelCase.all.count >= 90) }

  @Test(arguments: ModelCase.all) func computesWhatTheRuntimeDoes(_ example: ModelCase) throws {
    let model = try ModelFile.parseONNX(example.model, name: "case")
    #expect(model.exampleShape.extents == Array(example.shape.dropFirst()))
    let graph = try model.graph(batch: 2)
    var inputs = model.weights
    inputs[model.inputName] = Tensor(shape: Shape(example.shape), scalars: example.input)
    let result = try PlainEngine().run(graph, inputs: inputs)[0]
    #expect(result.shape.extents == example.resultShape)
    for (a, b) in zip(result.scalars, example.result) { #expect(abs(a - b) <= 1e-4 * max(1, abs(b))) }
    // It can be written as a model of ours and read again.
    let again = try ModelFile.parse(model.encoded())
    #expect(again.graph == model.graph && again.weights == model.weights)
  }

  /// All that cannot be read is named at once, with the nodes and what comes near.
  @Test func unsupportedOperatorsAreNamedTogether() throws {
    let data = ONNXBytes.model([
      ONNXBytes.node("LSTM", ["x"], ["a"], name: "memory"), ONNXBytes.node("Relu", ["a"], ["b"]),
      ONNXBytes.node("TopK", ["b"], ["y"], name: "best"), ONNXBytes.node("Bogus", ["x"], ["unused"]),
    ])
    let error = #expect(throws: ModelFileError.self) { try ModelFile.parseONNX(data, name: "m") }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("LSTM (node \"memory\"; unroll it") && text.contains("TopK (node \"best\""))
    #expect(!text.contains("Bogus"), "what the result does not depend on is not read")
  }

  private func refusal(_ data: Data) -> String {
    do {
      _ = try ModelFile.parseONNX(data, name: "m")
      return ""
    } catch { return "\(error)" }
  }

  @Test func brokenModelsAreRefusedInASentence() throws {
    #expect(refusal(Data("TACITMDL".utf8)).contains("not an ONNX model"))
    #expect(refusal(Data()).contains("holds no graph"))
    #expect(
      refusal(ONNXBytes.model([ONNXBytes.node("Relu", ["z"], ["y"])])).contains("\"z\", which nothing before it makes"))
    #expect(refusal(ONNXBytes.model([ONNXBytes.node("Add", ["x"], ["y"])])).isEmpty)
    #expect(refusal(ONNXBytes.model([ONNXBytes.node("Pow", ["x", "x"], ["y"])])).contains("not known beforehand"))
    #expect(refusal(ONNXBytes.model([ONNXBytes.node("Relu", ["x"], ["y"])], input: [-3, 4])).isEmpty)
    func refusalBeside(_ kind: String, _ inputs: [String], _ known: Data, input: [Int] = [1, 4]) -> String {
      refusal(ONNXBytes.model([ONNXBytes.node(kind, inputs, ["y"])], input: input, initializers: [known]))
    }
    let (pair, number) = (ONNXBytes.tensor("w", [1, 2], shape: [2]), ONNXBytes.tensor("w", [1], shape: []))
    #expect(refusalBeside("MatMul", ["w", "x"], pair, input: [1, 2, 4]).contains("cannot multiply"))
    #expect(refusalBeside("MatMul", ["w", "x"], number).contains("cannot multiply"))
    // A product that leaves 64 bits, and one over a weight of zero.
    let huge = ONNXBytes.tensor("w", [1 << 40, 1 << 40, -1])
    #expect(refusalBeside("Reshape", ["x", "w"], huge).contains("impossible shape"))
    #expect(
      refusalBeside("Div", ["x", "w"], ONNXBytes.tensor("w", [0, 1], shape: [1, 2, 1])).contains("no finite number"))
    #expect(refusal(ONNXBytes.model([ONNXBytes.node("Relu", ["x"], ["y"])], input: [1, 0])).contains("axis 1"))
    #expect(
      refusal(ONNXBytes.model([ONNXBytes.node("Transpose", ["x"], ["y"])], input: [1, 4])).contains("first axis"))
  }

  /// An extent that nobody has the memory for is refused before anything is tried.
  @Test func hugeInputsAreRefused() throws {
    for extent in [1 << 30, 1 << 38] {
      let data = ONNXBytes.model([ONNXBytes.node("Relu", ["x"], ["y"])], input: [1, extent])
      let error = #expect(throws: ModelFileError.self) { try ModelFile.parseONNX(data, name: "m") }
      #expect(error.map { "\($0)" }?.contains("more than 2^28 numbers") == true, "\(error.map { "\($0)" } ?? "")")
    }
  }

  /// The work memory of a convolution is counted too.
  @Test func hugeWorkIsRefused() {
    let convolution = ONNXBytes.model(
      [ONNXBytes.node("ConstantOfShape", ["s"], ["k"]), ONNXBytes.node("Conv", ["x", "k"], ["y"])],
      input: [1, 1, 1 << 12, 1 << 12], initializers: [ONNXBytes.tensor("s", [1, 1, 1 << 10, 1 << 10])])
    #expect(refusal(convolution).contains("more than 2^28 numbers"))
  }

  /// What a rule writes and another replaces is not computed: gelu written out is gelu, a scale and nothing else.
  @Test func whatNothingNeedsIsNotThere() throws {
    let example = try #require(ModelCase.all.first { $0.name == "Gelu of constants" })
    let graph = try ModelFile.parseONNX(example.model, name: "m").graph
    let kinds = graph.nodes.map(\.operation.name)
    #expect(kinds.contains("gelu") && !kinds.contains("geluGradient") && !kinds.contains("exp"))
  }
}

/// Writes the few protocol buffer fields that a small ONNX model needs, by the encoding's own rules.
enum ONNXBytes {
  private static func varint(_ value: Int) -> Data {
    var (rest, bytes) = (UInt64(bitPattern: Int64(value)), Data())
    repeat {
      bytes.append(UInt8(rest & 127) | (rest > 127 ? 128 : 0))
      rest >>= 7
    } while rest > 0
    return bytes
  }

  private static func field(_ number: Int, _ content: Data) -> Data {
    varint(number << 3 | 2) + varint(content.count) + content
  }
  private static func field(_ number: Int, _ text: String) -> Data { field(number, Data(text.utf8)) }
  private static func field(_ number: Int, _ value: Int) -> Data { varint(number << 3) + varint(value) }

  static func node(_ kind: String, _ inputs: [String], _ outputs: [String], name: String = "") -> Data {
    inputs.reduce(Data()) { $0 + field(1, $1) } + outputs.reduce(Data()) { $0 + field(2, $1) } + field(3, name)
      + field(4, kind)
  }

  static func tensor(_ name: String, _ scalars: [Float], shape: [Int]) -> Data {
    let bytes = scalars.reduce(Data()) { data, scalar in
      withUnsafeBytes(of: scalar.bitPattern.littleEndian) { data + Data($0) }
    }
    return shape.reduce(Data()) { $0 + field(1, $1) } + field(2, 1) + field(8, name) + field(9, bytes)
  }

  static func tensor(_ name: String, _ list: [Int]) -> Data {
    let bytes = list.reduce(Data()) { data, word in withUnsafeBytes(of: Int64(word).littleEndian) { data + Data($0) } }
    return field(1, list.count) + field(2, 7) + field(8, name) + field(9, bytes)
  }

  /// A model from x to y of operator set 17.
  static func model(_ nodes: [Data], input: [Int] = [1, 4], initializers: [Data] = []) -> Data {
    let shape = input.reduce(Data()) { $0 + field(1, field(1, $1)) }
    let type = field(1, field(1, 1) + field(2, shape))
    let graph =
      nodes.reduce(Data()) { $0 + field(1, $1) } + initializers.reduce(Data()) { $0 + field(5, $1) }
      + field(11, field(1, "x") + field(2, type)) + field(12, field(1, "y"))
    return field(1, 8) + field(7, graph) + field(8, field(2, 17))
  }
}
