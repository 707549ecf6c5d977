import Arithmetic
import Graphs
import Tensors

/// Makes a program that was read for some number of examples one for any number, and holds it to that.
struct ONNXBatch {
  let graph: Graph
  let input: String
  let weights: [String: Tensor<Float>]

  func model(named name: String, of proto: Onnx_ModelProto) throws -> ModelFile {
    let example = Array((graph.shape(ofInput: input) ?? [1]).extents.dropFirst())
    do {
      let single = try graph.resized(inputs: [input: Shape([1] + example)])
      let pair = try graph.resized(inputs: [input: Shape([2] + example)])
      try Self.bound(pair)
      let outcome = single.nodes[single.outputs[0]].shape
      guard outcome.rank >= 1, outcome[0] == 1,
        pair.nodes[pair.outputs[0]].shape == outcome.replacing(axis: 0, with: 2),
        try treatsEachAlone(single, pair, example)
      else { throw Self.mixed }
      return try ModelFile(
        graph: single, inputName: input, weights: weights,
        provenance: .init(creator: proto.producerName, dataset: "", source: name))
    } catch is GraphError { throw Self.mixed }
  }

  /// The most numbers that a run on two examples may take, weights not counted.
  private static let largestRun = 1 << 28

  /// Refuses what would fill the memory when it is tried: most often an extent of the input that is not meant.
  private static func bound(_ graph: Graph) throws(ModelFileError) {
    var count = 0
    for node in graph.nodes {
      let patches = graph.patchCount(of: node)
      if case .input = node.operation, node.shape.count <= largestRun { continue }
      guard patches <= largestRun, node.shape.count <= largestRun - count else {
        throw .inconsistent(
          "it makes more than 2^28 numbers of two examples; check the shape of its input, and what layer \"\(node.layer)\" makes"
        )
      }
      count += node.shape.count
    }
  }

  private static let mixed = ModelFileError.inconsistent(
    "examples of a batch depend on each other, or their number is fixed; export the model with a first axis that counts examples"
  )

  /// Whether two examples together give what they give one by one.
  private func treatsEachAlone(_ single: Graph, _ pair: Graph, _ example: [Int]) throws(GraphError) -> Bool {
    var random = SeedTree(seed: 1).child("examples").generator()
    let count = example.reduce(1, *)
    let scalars = (0..<2 * count).map { _ in Float(random.uniform()) }
    func run(_ graph: Graph, _ batch: Int, _ part: ArraySlice<Float>) throws(GraphError) -> [Float] {
      var inputs = weights
      inputs[input] = Tensor(shape: Shape([batch] + example), scalars: Array(part))
      return try PlainEngine().run(graph, inputs: inputs)[0].scalars
    }
    let together = try run(pair, 2, scalars[...])
    let alone = try run(single, 1, scalars[..<count]) + run(single, 1, scalars[count...])
    return zip(together, alone).allSatisfy { a, b in
      !(a.isFinite && b.isFinite) || abs(a - b) <= 1e-3 * max(1, abs(a), abs(b))
    }
  }
}
