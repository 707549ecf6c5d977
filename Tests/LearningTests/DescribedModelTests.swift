import Datasets
import Foundation
import Graphs
import Learning
import ModelFiles
import Tensors
import Testing

@Suite struct DescribedModelTests {
  private static let document = """
    input: [2]
    inputScale: 2
    inputMean: 1
    inputStd: 4
    layers:
      - {dense: 3, tensors: {weight: a.weight, bias: a.bias}}
      - relu
      - {dense: 1, tensors: {weight: b}, layout: inOut}
    """
  private static let tensors: [String: Tensor<Float>] = [
    "a.weight": Tensor(shape: [3, 2], scalars: [1, 2, 3, 4, 5, 6]),
    "a.bias": Tensor(shape: [3], scalars: [0.5, -20, 0]),
    "b": Tensor(shape: [3, 1], scalars: [1, 10, 100]),
  ]

  private func open(_ text: String, named name: String? = nil) throws -> ModelFile {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Safetensors.encoded(Self.tensors).write(to: folder.appendingPathComponent("m.safetensors"))
    let file = folder.appendingPathComponent(name ?? "m.yaml")
    try Data(text.utf8).write(to: file)
    return try ModelFile.open(folder.path + "/m.safetensors", description: name.map { _ in file.path })
  }

  @Test(arguments: [nil, "other.yaml"]) func layersAndTensors(_ name: String?) throws {
    let model = try open(Self.document, named: name)
    var inputs = model.weights
    inputs["x"] = Tensor(shape: [1, 2], scalars: [4.5, 2.5])
    // (2x − 1) / 4 = 2 and 1; 2 + 2 + 0.5, 10 − 20, 10 + 6; 4.5 + 0 + 1600.
    #expect(try PlainEngine().run(model.graph, inputs: inputs)[0].scalars == [1604.5])
  }

  @Test(arguments: [
    ("bias: a.bias", "bias: c"), ("weight: b", "weight: a.bias"), ("{weight: b}", "{mean: b}"),
    (", tensors: {weight: b}", ""), ("layout: inOut", "layout: sideways"), ("relu", "{relu: {}, dense: 2}"),
    ("input: [2]", "input: []"), ("inputStd: 4", "inputStd: 0"),
  ]) func faultsAreNamed(_ old: String, _ new: String) throws {
    #expect(throws: (any Error).self) { try open(Self.document.replacingOccurrences(of: old, with: new)) }
  }

  @Test func aDescriptionIsNeeded() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/m.safetensors"
    try Safetensors.encoded(Self.tensors).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: ModelFileError.self) { try ModelFile.open(path, description: nil) }
    #expect(error.map { "\($0)" }?.contains("--description") == true)
    #expect(throws: ModelFileError.self) { try ModelFile.open(path) }
  }

  /// A network of PyTorch's layers with normalisation, where its file is.
  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: Self.folder), "the folder of models is not here; set TACIT_DATA"))
  func thePublishedModel() throws {
    let text = """
      input: [1, 28, 28]
      layers:
        - {conv2d: {filters: 32, kernel: 5}, tensors: {weight: layers.0.weight, bias: layers.0.bias}}
        - relu
        - {conv2d: {filters: 32, kernel: 5}, tensors: {weight: layers.2.weight, bias: layers.2.bias}}
        - relu
        - {batchNorm: {}, tensors: {weight: layers.4.weight, bias: layers.4.bias, mean: layers.4.running_mean, variance: layers.4.running_var}}
        - {maxPool: 2}
        - {conv2d: {filters: 64, kernel: 3}, tensors: {weight: layers.6.weight, bias: layers.6.bias}}
        - relu
        - {conv2d: {filters: 64, kernel: 3}, tensors: {weight: layers.8.weight, bias: layers.8.bias}}
        - relu
        - {batchNorm: {}, tensors: {weight: layers.10.weight, bias: layers.10.bias, mean: layers.10.running_mean, variance: layers.10.running_var}}
        - {maxPool: 2}
        - flatten
        - {dense: 10, tensors: {weight: layers.13.weight, bias: layers.13.bias}}
      """
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString).yaml")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(text.utf8).write(to: file)
    let model = try ModelFile.open(Self.folder + "/mnist.safetensors", description: file.path)
    let arrays = try NPZ.read(path: Self.folder + "/expected.npz")
    let input = try #require(arrays["inputs"])
    let expected = try #require(arrays["outputs"])
    var inputs = model.weights
    inputs["x"] = input.reshaped(to: Shape([input.shape[0], 1, 28, 28]))
    let result = try PlainEngine().run(model.graph(batch: input.shape[0]), inputs: inputs)[0]
    for (a, b) in zip(result.scalars, expected.scalars) { #expect(abs(a - b) <= 1e-4 * max(1, abs(b))) }
  }

  private static let folder: String = {
    let beside = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../shared/data").standardizedFileURL
      .path
    return (ProcessInfo.processInfo.environment["TACIT_DATA"] ?? beside) + "/models/safetensors-cnn"
  }()
}
