package import Graphs
package import Sharing
package import Tensors

/// A model as one party holds it: the program, which is public, and its share of the weights.
package struct SharedModel: Sendable {
  /// What is public of a model.
  package struct Description: Codable, Sendable {
    /// For one example.
    package var graph: Graph
    package var inputName: String
    package var fractionBits: Int
    /// Proven from the range that is declared of inputs.
    package var widths: ComparisonWidths
    /// What owners of inputs hold them to before sharing.
    package var inputRange: InputRange?
    /// Which protocols the parties use.
    package var options: ReplicatedOptions

    package init(
      graph: Graph, inputName: String, fractionBits: Int, widths: ComparisonWidths = .full,
      inputRange: InputRange? = nil, options: ReplicatedOptions = ReplicatedOptions()
    ) {
      self.graph = graph
      self.inputName = inputName
      self.fractionBits = fractionBits
      self.widths = widths
      self.inputRange = inputRange
      self.options = options
    }

    var weightNames: [String] { graph.inputs.keys.filter { $0 != inputName }.sorted() }

    /// - Throws: ``ServingError/badRequest(_:)`` for what no client of ours sends.
    package func validate() throws {
      guard let input = graph.shape(ofInput: inputName), input.rank > 0, input[0] == 1, graph.outputs.count == 1 else {
        throw ServingError.badRequest("the model's program must take one example and return one value")
      }
      guard (10...24).contains(fractionBits) else {
        throw ServingError.badRequest("\(fractionBits) fraction bits are not among 10...24")
      }
      guard widths.fit(graph) else {
        throw ServingError.badRequest("a model has a comparison of 2...64 bits for each step of its program, or none")
      }
      guard inputRange?.fits(exampleCount: input.count) ?? true else {
        throw ServingError.badRequest("the declared range is not one of the model's input")
      }
      guard options.truncation == .safe || inputRange != nil else { throw SharingError.boundsMissing }
      let weights = weightNames.reduce(0) { $0 + (graph.shape(ofInput: $1)?.count ?? 0) }
      guard weights <= Self.largestInput else {
        throw ServingError.badRequest(
          "the model has more than \(Self.largestInput) weights, which is more than a party takes")
      }
      try SecureEngine<ReplicatedScheme>.checkAvailability(of: graph)
    }

    /// Scalars that a client may have a party expand from a key, and that one run may hold in all.
    static let largestInput = 1 << 27
    static let largestRun = 1 << 31

    /// The shape of the input for a batch.
    ///
    /// - Throws: ``ServingError/badRequest(_:)`` where a run would take more memory than a party lends.
    package func shape(batch: Int) throws -> Shape {
      guard let shape = graph.shape(ofInput: inputName) else { throw ServingError.malformedMessage }
      let batched = shape.replacing(axis: 0, with: batch)
      let example = graph.nodes.reduce(0) { $0 + $1.shape.count }
      guard batched.count <= Self.largestInput, example <= Self.largestRun / batch else {
        throw ServingError.badRequest(
          "a batch of \(batch) is more than a party takes of this model: send fewer at once")
      }
      return batched
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
    scheme.options = description.options
    let engine = SecureEngine(scheme, fractionBits: description.fractionBits, widths: description.widths)
    var inputs = weights
    inputs[description.inputName] = input
    let output = try await engine.run(graph, inputs: inputs)
    return scheme.summandForOutside(output[0])
  }
}
