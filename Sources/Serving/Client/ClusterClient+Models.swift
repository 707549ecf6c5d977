import Arithmetic
public import Datasets
public import ModelFiles
public import Sharing
public import Tensors

extension ClusterClient {
  /// Splits a model among the parties, under the terms that each of them keeps; returns the name it is asked by.
  ///
  /// The program, the terms and what is published are in the open, to the parties and, of a model's input and output, to the
  /// clients; weights are not. A model that the same identity has shared under that name is replaced, and counts begin anew.
  ///
  /// - Parameters:
  ///   - name: 1 to 64 of `[a-z0-9-_.]`; a random one where none is given.
  ///   - options: the protocols that the parties use for queries on it.
  ///   - preprocessing: what clients are told of how rows become inputs.
  @discardableResult
  public func share(
    _ model: ModelFile, named name: String? = nil, fractionBits: Int, options: ReplicatedOptions = ReplicatedOptions(),
    terms: ModelTerms = ModelTerms(), publishing preprocessing: Preprocessing? = nil
  ) async throws -> String {
    let description = try SharedModel.Description(model, fractionBits: fractionBits, options: options)
    let offer = ModelOffer(
      name: name ?? Hexadecimal.text(SecureRandom.bytes(16)), version: Hexadecimal.text(SecureRandom.bytes(16)),
      description: description, terms: terms, preprocessing: preprocessing)
    try offer.validate()
    _ = try description.outputShape
    let tensors = try description.weightNames.map { name in
      guard let weight = model.weights[name] else {
        throw ModelFileError.inconsistent("the weight \"\(name)\" is missing")
      }
      return try SecretInput.encode(weight, named: "the weight \(name)", fractionBits: fractionBits)
    }
    let parcels = scheme.parcels(of: tensors)
    _ = try await ask(parcels.map { ServingFrame(.share(offer), body: $0.bytes) })
    return offer.name
  }

  /// Has the parties forget a model; its owner alone may.
  ///
  /// A party that does not have it any more does not keep the others from forgetting it.
  public func withdraw(_ name: String) async throws {
    _ = try await ask(connections.map { _ in ServingFrame(.withdraw(model: name)) })
  }

  /// The models that this client may ask, by name, as all parties see them.
  public func models() async throws -> [ModelListing] {
    let lists = try await listings(named: nil)
    let names = Set(lists.flatMap { $0.map(\.name) }).sorted()
    return names.map { name in
      let seen = lists.map { list in list.first { $0.name == name } }
      var merged = seen[0] ?? ModelListing(name: name)
      for (party, listing) in seen.enumerated() {
        merged = merged.merged(
          with: listing ?? ModelListing(name: name, fault: "party \(party) does not have it, or not for this client"),
          party: party)
      }
      return merged
    }
  }

  /// What this client needs to know of a model in order to ask it; all parties must say the same.
  public func card(of name: String) async throws -> ModelCard {
    let lists = try await listings(named: name)
    for (party, list) in lists.enumerated() {
      guard let listing = list.first, listing.name == name else { throw ServingError.unexpectedReply(party: party) }
      if let fault = listing.fault {
        throw ServingError.refused(party: party, reason: "the model \"\(name)\" is not served: \(fault)", exitCode: 5)
      }
    }
    guard let card = lists[0].first?.card else { throw ServingError.unexpectedReply(party: 0) }
    for (party, list) in lists.enumerated() where list.first?.card != card {
      throw ServingError.untrusted(
        "parties 0 and \(party) describe the model \"\(name)\" differently: its owner must share it again")
    }
    return card
  }

  private func listings(named name: String?) async throws -> [[ModelListing]] {
    try await ask(connections.map { _ in ServingFrame(.models(named: name)) }).enumerated().map { party, reply in
      guard case .models(let list) = reply.control else { throw ServingError.unexpectedReply(party: party) }
      return list
    }
  }

  /// The model's output on a batch that no party sees.
  ///
  /// - Parameter input: `[batch, …]`, within the range that the card declares.
  public func query(_ card: ModelCard, _ input: Tensor<Float>) async throws -> Prediction {
    try await query(
      card.name, input, outputShape: card.outputShape(batch: input.shape[0]), fractionBits: card.fractionBits,
      declared: card.inputRange)
  }
}
