import Foundation
import Graphs
import ModelFiles
import Tensors
import TestSupport
import Testing

@Suite struct ModelFileTests {
  private func model() throws -> ModelFile {
    let (graph, weights) = SmallModels.perceptron(sigmoid: true)
    return try ModelFile(
      graph: graph, weights: weights,
      provenance: .init(creator: "test", dataset: "none", source: "none", seed: 7, metrics: ["accuracy": 0.5]))
  }

  @Test func comesBackAsItWas() throws {
    let model = try model()
    let read = try ModelFile.parse(try model.encoded())
    #expect(read.graph == model.graph)
    #expect(read.weights == model.weights)
    #expect(read.provenance == model.provenance)
    #expect(try read.encoded() == model.encoded())
  }

  @Test func declaredRangesComeBack() throws {
    let plain = try model()
    #expect(try ModelFile.parse(plain.encoded()).inputRange == nil)
    let ranged = try plain.declaring(try InputRange(low: [0, -1, 0, -4], high: [1, 1, 1, 4]))
    #expect(try ModelFile.parse(ranged.encoded()).inputRange == ranged.inputRange)
    #expect(throws: ModelFileError.self) { try plain.declaring(try InputRange(low: [0, 0], high: [1, 1])) }
    // A file without a range is byte for byte what it was before there were ranges.
    #expect(try ranged.declaring(nil).encoded() == plain.encoded())
  }

  @Test func everyFlippedBitIsNoticed() throws {
    let data = try model().encoded()
    for index in stride(from: 0, to: data.count, by: 7) {
      var damaged = data
      damaged[index] ^= 1 << UInt8(index % 8)
      #expect(throws: ModelFileError.self) { try ModelFile.parse(damaged) }
    }
  }

  @Test func everyCutIsNoticed() throws {
    let data = try model().encoded()
    for count in [0, 1, 8, 20, 24, 100, data.count / 2, data.count - 1] {
      #expect(throws: ModelFileError.self) { try ModelFile.parse(data.prefix(count)) }
    }
    #expect(throws: ModelFileError.truncated(expected: data.count, found: data.count / 2)) {
      try ModelFile.parse(data.prefix(data.count / 2))
    }
  }

  @Test func errorsSayWhatToDo() throws {
    #expect("\(ModelFileError.damaged)".contains("copy it again"))
    do {
      _ = try ModelFile.load(from: "/nowhere/model.tacit")
      Issue.record("a missing file was read")
    } catch {
      #expect("\(error)" == "cannot read the model file /nowhere/model.tacit: there is no such file")
    }
    var newer = try model().encoded()
    newer[8] = 9
    #expect(throws: ModelFileError.unsupportedVersion(9)) { try ModelFile.parse(newer) }
  }

  /// Mutations behind the checksum: the reader throws or succeeds, and what it returns can be written again.
  @Test func mutatedHeadersNeverTrap() throws {
    let data = try model().encoded()
    var generator = SplitMix(state: 42)
    for _ in 0..<3000 {
      var mutated = data
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        mutated[Int.random(in: 24..<mutated.count - 32, using: &generator)] = UInt8.random(
          in: 32...126, using: &generator)
      }
      if let model = try? ModelFile.parse(mutated, checkingSum: false) { _ = try model.encoded() }
    }
  }

  @Test func inconsistentModelsAreRefused() throws {
    let (graph, weights) = SmallModels.perceptron()
    let provenance = ModelFile.Provenance(creator: "test", dataset: "none", source: "none")
    var missing = weights
    missing["dense1.bias"] = nil
    #expect(throws: ModelFileError.inconsistent("the weight \"dense1.bias\" is missing")) {
      try ModelFile(graph: graph, weights: missing, provenance: provenance)
    }
    var surplus = weights
    surplus["other"] = Tensor(repeating: 0, shape: [1])
    #expect(throws: ModelFileError.inconsistent("the weight \"other\" is not used by the program")) {
      try ModelFile(graph: graph, weights: surplus, provenance: provenance)
    }
  }

  @Test func anyBatchWorks() throws {
    let graph = try model().graph(batch: 5)
    #expect(graph.shape(ofInput: "x") == [5, 4])
    #expect(graph.nodes[graph.outputs[0]].shape == [5, 3])
  }
}

/// Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators*, OOPSLA 2014.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
