import Datasets
import Foundation
import Graphs
import ModelFiles
import Tensors
import TestSupport
import Testing

/// Keras models against what Keras made of them (`Tests/Golden/keras_cases.py`), two examples at once.
@Suite struct KerasTests {
  @Test func theCasesAreThere() { #expect(ModelCase.keras.count >= 17) }

  /// Runs a body with a file of these bytes.
  private func withFile<Value>(_ bytes: Data, _ body: (String) throws -> Value) throws -> Value {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try bytes.write(to: URL(fileURLWithPath: path))
    return try body(path)
  }

  @Test(arguments: ModelCase.keras) func computesWhatKerasDoes(_ example: ModelCase) throws {
    let model = try withFile(example.model) { try ModelFile.open($0) }
    #expect(model.exampleShape.extents == Array(example.shape.dropFirst()))
    var inputs = model.weights
    inputs[model.inputName] = Tensor(shape: Shape(example.shape), scalars: example.input)
    let result = try PlainEngine().run(model.graph(batch: 2), inputs: inputs)[0]
    #expect(result.shape.extents == example.resultShape)
    for (a, b) in zip(result.scalars, example.result) { #expect(abs(a - b) <= 1e-4 * max(1, abs(b))) }
  }

  @Test func whatIsNoModelIsRefused() throws {
    func refusal(_ bytes: Data) throws -> String {
      try withFile(bytes) { path in
        do {
          _ = try ModelFile.loadKeras(from: path)
          return ""
        } catch { return "\(error)" }
      }
    }
    #expect(try refusal(Data()).contains("no HDF5 file"))
    #expect(try refusal(Data("TACITMDL".utf8)).contains("no HDF5 file"))
    let whole = try #require(ModelCase.keras.first).model
    #expect(try refusal(whole.prefix(whole.count / 2)).contains("no HDF5 file"))
    #expect(throws: ModelFileError.self) { try ModelFile.loadKeras(from: "nowhere.h5") }
    // A layer of another name is named.
    var other = whole
    for name in ["\"Softmax\"", "\"Dropout\""] {
      while let place = other.range(of: Data(name.utf8)) {
        other.replaceSubrange(place, with: Data("\"Unknown\"".utf8))
      }
    }
    #expect(try refusal(other).contains("Unknown (node"))
  }

  /// The model of the founding work's post on encrypted prediction, where its file is.
  @Test(.enabled(if: PublishedModels.folder != nil, "the folder of models is not here; set TACIT_DATA"))
  func thePublishedModel() throws {
    let folder = try #require(PublishedModels.folder).appendingPathComponent("keras-short-conv")
    let model = try ModelFile.open(folder.appendingPathComponent("short-conv-mnist.h5").path)
    let arrays = try NPZ.read(path: folder.appendingPathComponent("expected.npz").path)
    let input = try #require(arrays["inputs"])
    let expected = try #require(arrays["outputs"])
    var inputs = model.weights
    inputs[model.inputName] = input
    let result = try PlainEngine().run(model.graph(batch: input.shape[0]), inputs: inputs)[0]
    #expect(result.shape == expected.shape)
    for (a, b) in zip(result.scalars, expected.scalars) { #expect(abs(a - b) <= 1e-4 * max(1, abs(b))) }
  }
}
