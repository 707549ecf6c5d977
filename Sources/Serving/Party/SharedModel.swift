import Graphs
import Sharing
import Tensors

/// A model as one party holds it: the program, which is public, and its share of the weights.
struct SharedModel: Sendable {
  /// What is public of a model.
  struct Description: Codable, Sendable {
    /// For one example.
    var graph: Graph
    var inputName: String
    var fractionBits: Int
    var comparisonWidth: Int

    var weightNames: [String] { graph.inputs.keys.filter { $0 != inputName }.sorted() }

    /// - Throws: ``ServingError/badRequest(_:)`` for what no client of ours sends.
    func validate() throws {
      guard let input = graph.shape(ofInput: inputName), input.rank > 0, input[0] == 1, graph.outputs.count == 1 else {
        throw ServingError.badRequest("the model's program must take one example and return one value")
      }
      guard (10...24).contains(fractionBits) else {
        throw ServingError.badRequest("\(fractionBits) fraction bits are not among 10...24")
      }
      guard (2...64).contains(comparisonWidth) else {
        throw ServingError.badRequest("a comparison is on 2...64 bits, not \(comparisonWidth)")
      }
      try SecureEngine<ReplicatedScheme>.checkAvailability(of: graph)
    }

    func shape(batch: Int) throws -> Shape {
      guard let shape = graph.shape(ofInput: inputName) else { throw ServingError.malformedMessage }
      return shape.replacing(axis: 0, with: batch)
    }
  }

  let description: Description
  let weights: [String: ReplicatedShare]

  init(_ description: Description, parcel: InputSharing.Parcel, party: Int) throws {
    try description.validate()
    let names = description.weightNames
    let shapes = names.compactMap { description.graph.shape(ofInput: $0) }
    let shares = try InputSharing.unpack(parcel, party: party, shapes: shapes)
    self.description = description
    weights = Dictionary(uniqueKeysWithValues: zip(names, shares))
  }

  /// This party's summand of the model's output on a shared batch.
  func summand(for input: ReplicatedShare, batch: Int, on scheme: ReplicatedScheme) async throws -> RingTensor {
    let shape = try description.shape(batch: batch)
    let graph = try batch == 1 ? description.graph : description.graph.resized(inputs: [description.inputName: shape])
    let engine = SecureEngine(
      scheme, fractionBits: description.fractionBits, comparisonWidth: description.comparisonWidth)
    var inputs = weights
    inputs[description.inputName] = input
    let output = try await engine.run(graph, inputs: inputs)
    return scheme.summandForOutside(output[0])
  }
}
