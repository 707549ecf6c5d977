import Graphs
package import ModelFiles
import Sharing
package import Tensors
package import Transports

/// Three parties whose products are checked, as tasks of this process over memory channels: the same protocols and traffic, no
/// network.
///
/// Nothing is hidden from this process; for trying and measuring.
package struct CheckedMemoryCluster {
  let fractionBits: Int
  let deadline: Duration
  /// How a party's channel is changed: a party that cheats is shown with it.
  private let wrapping: @Sendable (MemoryChannel) -> any Channel

  package init(
    fractionBits: Int, deadline: Duration = .seconds(60),
    wrapping: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 }
  ) {
    self.fractionBits = fractionBits
    self.deadline = deadline
    self.wrapping = wrapping
  }

  /// Predicts `repeats` times after a warm-up; results in order, the warm-up left out.
  ///
  /// - Throws: ``SharingError/cheating(check:layer:culprit:)`` where a party deviates.
  package func predict(_ model: ModelFile, _ input: Tensor<Float>, repeats: Int = 1) async throws -> [Prediction] {
    let description = try SharedModel.Description(model, fractionBits: fractionBits)
    try model.inputRange?.check(input)
    try description.validate()
    let weights = try SecretInput.encode(
      weights: description.weightNames, of: model.weights, fractionBits: fractionBits)
    let words = try SecretInput.encode(input, named: "the input", fractionBits: fractionBits)
    let outputShape = try SecretOutput.shape(of: model, batch: input.shape[0])
    let modelParcels = InputSharing.parcels(of: weights)
    // The client's mask travels with its input.
    let masks = (0...repeats).map { _ in InputSharing.uniform(outputShape) }
    let parcels = masks.map { InputSharing.parcels(of: [words, $0]) }
    let graph = try description.graph(batch: input.shape[0])
    let answers = try await everyParty { channel in
      let party = channel.party
      let scheme = try await CheckedScheme.start(over: channel, session: "memory")
      let shares = try await scheme.admit(
        try InputSharing.unpack(modelParcels[party], party: party, shapes: weights.map(\.shape)))
      let held = Dictionary(uniqueKeysWithValues: zip(description.weightNames, shares))
      var answers: [QueryAnswer] = []
      for sent in parcels {
        let pieces = try InputSharing.unpack(sent[party], party: party, shapes: [words.shape, outputShape])
        try scheme.beginStep()
        answers.append(try await scheme.answer(graph, description, held, input: pieces[0], mask: pieces[1]))
      }
      return answers
    }
    return try (1...max(repeats, 1)).map { run in
      try prediction(
        answers.map { $0[min(run, $0.count - 1)] }, mask: masks[min(run, masks.count - 1)],
        sent: parcels[min(run, parcels.count - 1)].reduce(0) { $0 + $1.byteCount })
    }
  }

  /// What the client makes of the parties' answers: all must say the same.
  private func prediction(_ parts: [QueryAnswer], mask: RingTensor, sent: Int) throws -> Prediction {
    guard parts.allSatisfy({ $0.summand == parts[0].summand }) else {
      throw SharingError.cheating(check: .answers, layer: "output")
    }
    let seconds = parts.map(\.seconds).max() ?? 0
    let byteCount = parts.reduce(sent + 24 * mask.count) { $0 + $1.traffic.byteCount }
    return Prediction(
      output: FixedTensor(ring: parts[0].summand - mask, fractionBits: fractionBits).decoded(), seconds: seconds,
      partySeconds: seconds,
      traffic: Cost(rounds: (parts.map(\.traffic.rounds).max() ?? 0) + 2, byteCount: byteCount))
  }

  /// Runs all parties; where several fail, one that caught a cheat says so.
  private func everyParty(
    _ body: @escaping @Sendable (any Channel) async throws -> [QueryAnswer]
  ) async throws -> [[QueryAnswer]] {
    let channels = MemoryMesh.channels(partyCount: 3, deadline: deadline)
    let results = await withTaskGroup(of: (Int, Result<[QueryAnswer], any Error>).self) { group in
      for channel in channels {
        let wrapped = wrapping(channel)
        group.addTask {
          do {
            return (channel.party, .success(try await body(wrapped)))
          } catch {
            await wrapped.close()
            return (channel.party, .failure(error))
          }
        }
      }
      var results: [(party: Int, result: Result<[QueryAnswer], any Error>)] = []
      for await (party, result) in group { results.append((party, result)) }
      return results.sorted { $0.party < $1.party }.map(\.result)
    }
    let errors = results.compactMap { result in if case .failure(let error) = result { error } else { nil } }
    if let error = SharingError.joining(errors.map { $0 as? SharingError }) { throw error }
    if let error = errors.first(where: { $0 is SharingError }) ?? errors.first { throw error }
    return try results.map { try $0.get() }
  }
}
