import Arithmetic
import Foundation
import Graphs
import Learning
import ModelFiles
import Tensors
import Testing

@Suite struct GivenWeightsTests {
  private static let layers: [LayerSpec] = [.dense(units: 3), .relu, .dense(units: 2), .softmax]

  private func file(_ layers: [LayerSpec], inputs: Int = 4) throws -> ModelFile {
    let description = try ModelDescription(layers: layers, inputShape: [inputs])
    return try ModelFile(
      graph: try description.forwardGraph(batch: 1),
      weights: description.initialWeights(seed: SeedTree(seed: 9)).byName,
      provenance: .init(creator: "test", dataset: "", source: ""))
  }

  @Test func weightsOfTheSameLayers() throws {
    let description = try ModelDescription(layers: Self.layers, inputShape: [4])
    let weights = try description.weights(of: try file(Self.layers))
    #expect(weights == description.initialWeights(seed: SeedTree(seed: 9)))
  }

  @Test func otherLayersAreRefused() throws {
    let description = try ModelDescription(layers: Self.layers, inputShape: [4])
    func refusal(_ layers: [LayerSpec], inputs: Int = 4) throws -> String {
      do {
        _ = try description.weights(of: try file(layers, inputs: inputs))
        return ""
      } catch let error as LearningError { return "\(error)" }
    }
    #expect(try refusal(Self.layers, inputs: 5).contains("\"dense1.weight\" of the model to begin with has shape"))
    #expect(try refusal([.dense(units: 3)]).contains("no weight \"dense2.weight\""))
    #expect(try refusal(Self.layers.dropLast() + [.layerNorm]).contains("has the weight \"layerNorm1."))
  }

  /// With a learning rate that moves nothing, what comes out is what was given.
  @Test func aJobBeginsWithThem() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (model, table) = (folder.path + "/m.tacit", folder.path + "/t.csv")
    let given = try file(Self.layers, inputs: 2)
    try given.encoded().write(to: URL(fileURLWithPath: model))
    let lines = ["a,b,c"] + (0..<40).map { "\($0 % 7),\($0 % 5),\($0 % 2 == 0 ? "x" : "y")" }
    try lines.joined(separator: "\n").write(toFile: table, atomically: true, encoding: .utf8)
    func job(_ part: String) -> String {
      """
      model: {layers: [{dense: 3}, relu, {dense: 2}, softmax], \(part)}
      data: {file: '\(table)', target: c}
      training: {epochs: 1, loss: softmaxCrossEntropy, optimizer: {sgd: {learningRate: 1.0e-30}}}
      """
    }
    let result = try JobRunner(try Job.parse(job("weights: '\(model)'")), environment: [:], versions: [:]).run()
    for (name, weight) in given.weights {
      let trained = try #require(result.model.weights[name])
      #expect(zip(trained.scalars, weight.scalars).allSatisfy { abs($0 - $1) < 1e-20 })
    }
    #expect(throws: ModelFileError.self) {
      try JobRunner(try Job.parse(job("weights: nowhere.tacit")), environment: [:], versions: [:]).run()
    }
    #expect(throws: JobError.self) { try Job.parse(job("weights: m.tacit, initial: he")) }
    #expect(throws: JobError.self) { try Job.parse(job("initial: random")) }
  }
}
