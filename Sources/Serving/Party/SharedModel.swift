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
      let example = graph.runCount
      guard batched.count <= Self.largestInput, example <= Self.largestRun / batch else {
        throw ServingError.badRequest(
          "a batch of \(batch) is more than a party takes of this model: send fewer at once")
      }
      return batched
    }
  }

  /// What clients call it.
  let name: String
  /// Names this sharing of it; see ``ModelOffer/key``.
  let key: String
  let description: Description
  /// In the order of their names.
  let weights: HeldShares

  /// Whether queries on it may run as one: where the parties can, and no example can touch another.
  let mergesQueries: Bool
  /// Scalars of all steps of its program for one example.
  let scalarCount: Int

  init(_ offer: ModelOffer, key: String, parcel: ArraySlice<UInt8>, scheme: ClusterScheme, party: Int) throws {
    try offer.validate()
    let description = offer.description
    let shapes = description.weightNames.compactMap { description.graph.shape(ofInput: $0) }
    self.init(
      name: offer.name, key: key, description: description,
      weights: try scheme.unpack(parcel, party: party, shapes: shapes))
  }

  init(name: String, key: String, description: Description, weights: HeldShares) {
    self.name = name
    self.key = key
    self.description = description
    self.weights = weights
    scalarCount = description.graph.runCount
    switch weights {
    case .replicated: mergesQueries = description.graph.keepsExamplesApart(input: description.inputName)
    case .additive, .authenticated, .checked: mergesQueries = false
    }
  }

  /// What parties with a dealer compute for a query.
  func computation(batch: Int, generation: String) throws -> DealtComputation {
    try description.computation(batch: batch, generation: generation, label: "\(generation) \(key)")
  }
}

extension SharedModel.Description {
  /// The program for a batch.
  func graph(batch: Int) throws -> Graph {
    let shape = try shape(batch: batch)
    return try batch == 1 ? graph : graph.resized(inputs: [inputName: shape])
  }

  /// What parties with a dealer compute for a query, with weights whose masks are kept.
  ///
  /// - Parameters:
  ///   - generation: names the session's keys of MACs, where shares have any.
  ///   - label: whose weights they are.
  func computation(batch: Int, generation: String, label: String) throws -> DealtComputation {
    try DealtComputation(
      .init(
        graph: try graph(batch: batch), fractionBits: fractionBits, widths: widths, fixed: weightNames,
        asked: [inputName], keys: generation, label: label))
  }
}

extension DealtComputation.Content {
  /// - Throws: ``ServingError/badRequest(_:)`` for what no party of ours sends.
  func validate() throws {
    let inputs = graph.inputs.values.reduce(0) { $0 + graph.nodes[$1].shape.count }
    guard inputs <= SharedModel.Description.largestInput, graph.runCount <= SharedModel.Description.largestRun else {
      throw ServingError.badRequest("the program is larger than a dealer takes")
    }
    let named = fixed + kept + asked + own + (noise?.names ?? [])
    guard (10...24).contains(fractionBits), widths.fit(graph), named.allSatisfy({ graph.inputs[$0] != nil }),
      Set(named).count == named.count, keptAnswers.count <= named.count,
      keptAnswers.allSatisfy({ $0.count <= SharedModel.Description.largestInput }),
      noise.map({ (4...26).contains($0.bits) }) ?? true
    else { throw ServingError.badRequest("the program is none of a party") }
    try SecureEngine<AdditiveScheme>.checkAvailability(of: graph)
  }
}
