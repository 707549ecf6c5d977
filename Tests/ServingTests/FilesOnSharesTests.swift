import Datasets
import Foundation
import Graphs
import Learning
import ModelFiles
import Serving
import Tensors
import TestSupport
import Testing

/// Models of other tools on shares of three parties. All results are within 2^-9 of the largest one, as docs/MODELS.md says.
@Suite struct FilesOnSharesTests {
  private static let options = Result {
    try EngineOptions(
      engine: "replicated", parties: nil, transport: "memory", fractionBits: 16, repeats: 1, deadline: 900)
  }

  /// Oracle: what the tool made of it, or the model in the clear; as many rounds and bytes as planned.
  private func check(_ model: ModelFile, _ x: Tensor<Float>, against expected: [Float]? = nil) async throws {
    let outcome = try await SecretPredictor(options: try Self.options.get(), executable: "").predict(model, x)
    let plain = try expected ?? SecretPredictor.plain(model, x).scalars
    #expect(outcome.output.count == plain.count)
    let scale = max(1, plain.map(abs).max() ?? 1)
    for (a, b) in zip(outcome.output.scalars, plain) { #expect(abs(a - b) <= scale / 512) }
    #expect(outcome.summary.rounds == outcome.summary.planned.rounds)
    #expect(outcome.summary.bytesSent == outcome.summary.planned.bytesSent)
  }

  @Test(arguments: ModelCase.keras) func computesWhatKerasDoes(_ example: ModelCase) async throws {
    try await withFolder { folder in
      try example.model.write(to: URL(fileURLWithPath: folder + "/m.h5"))
      try await check(
        try ModelFile.open(folder + "/m.h5"), Tensor(shape: Shape(example.shape), scalars: example.input),
        against: example.result)
    }
  }

  /// A network whose tensors lie in one file and whose layers are described in another.
  @Test(arguments: ["safetensors", "npz"]) func tensorsWithADescription(_ kind: String) async throws {
    let document = """
      input: [1, 6, 6]
      inputScale: 0.5
      inputMean: 0.25
      layers:
        - {conv2d: {filters: 2, kernel: 3}, tensors: {weight: c.w, bias: c.b}}
        - relu
        - {maxPool: 2}
        - flatten
        - {dense: 3, tensors: {weight: d.w, bias: d.b}}
        - softmax
      """
    let tensors = [
      "c.w": SmallModels.numbers([2, 1, 3, 3], seed: 1), "c.b": SmallModels.numbers([2], seed: 2),
      "d.w": SmallModels.numbers([3, 8], seed: 3), "d.b": SmallModels.numbers([3], seed: 4),
    ]
    try await withFolder { folder in
      let path = folder + "/m." + kind
      try Data(document.utf8).write(to: URL(fileURLWithPath: folder + "/m.yaml"))
      if kind == "npz" {
        let files = tensors.map { ($0.key + ".npy", NPY.bytes(of: $0.value)) }
        try Data(StoredArchive.bytes(of: files)).write(to: URL(fileURLWithPath: path))
      } else {
        try Safetensors.encoded(tensors).write(to: URL(fileURLWithPath: path))
      }
      let x = SmallModels.numbers([2, 1, 6, 6], seed: 5)
      try await check(try ModelFile.open(path, description: nil), x)
    }
  }

  /// Every published model with its own test data, where the files are.
  @Test(
    .enabled(if: PublishedModels.folder != nil, "the folder of models is not here; set TACIT_DATA"),
    arguments: PublishedModels.examples.filter { $0.folder.lastPathComponent == "test_data_set_0" })
  func publishedModels(_ example: PublishedModels.Example) async throws {
    try await check(
      try ModelFile.loadONNX(from: example.model.path), try example.input, against: try example.output.scalars)
  }
}
