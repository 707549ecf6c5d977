import Graphs
import ModelFiles
import Sharing
import Tensors
import Transports

/// Additive parties and their dealer as tasks of this process over memory channels: the same protocols and traffic, no
/// network.
///
/// The dealer makes its part for all runs before the parties begin. Nothing is hidden from this process; for trying and
/// measuring.
enum AdditiveMemoryCluster {
  /// Predicts `repeats` times after a warm-up; results in order, the warm-up left out.
  static func predict(
    _ model: ModelFile, _ input: Tensor<Float>, partyCount: Int, fractionBits: Int, repeats: Int, deadline: Duration
  ) async throws -> [Prediction] {
    let description = try SharedModel.Description(model, fractionBits: fractionBits)
    try model.inputRange?.check(input)
    try description.validate()
    let weights = try SecretInput.encode(
      weights: description.weightNames, of: model.weights, fractionBits: fractionBits)
    let words = try SecretInput.encode(input, named: "the input", fractionBits: fractionBits)
    let batch = input.shape[0]
    let computation = try description.computation(batch: batch, label: "memory")
    let desk = DealerDesk(Dealer(partyCount: partyCount))
    let clock = ContinuousClock()
    let start = clock.now
    let stocks = (0..<partyCount).map { DealtStock(key: desk.dealer.key(ofParty: $0), partyCount: partyCount) }
    for step in 0...UInt32(repeats) {
      stocks[partyCount - 1].add(
        try await desk.ticket(for: computation, step: step), for: computation.program, step: step)
    }
    let offline = (clock.now - start) / .seconds(1) / Double(repeats + 1)
    let modelParcels = AdditiveSharing.parcels(of: weights, partyCount: partyCount)
    let inputParcels = (0...repeats).map { _ in AdditiveSharing.parcels(of: [words], partyCount: partyCount) }
    let answers = try await withThrowingTaskGroup(of: (Int, [QueryAnswer]).self) { group in
      for channel in MemoryMesh.channels(partyCount: partyCount, deadline: deadline) {
        let party = channel.party
        group.addTask {
          do {
            let held = try AdditiveSharing.unpack(
              modelParcels[party], party: party, partyCount: partyCount, shapes: weights.map(\.shape))
            let inputs = try inputParcels.map {
              try AdditiveSharing.unpack($0[party], party: party, partyCount: partyCount, shapes: [words.shape])[0]
            }
            return (
              party,
              try await run(
                computation, Dictionary(uniqueKeysWithValues: zip(description.weightNames, held)), inputs,
                named: description.inputName, over: channel, stock: stocks[party])
            )
          } catch {
            await channel.close()
            throw error
          }
        }
      }
      var all = [[QueryAnswer]](repeating: [], count: partyCount)
      for try await (party, answers) in group { all[party] = answers }
      return all
    }
    let shape = try SecretOutput.shape(of: model, batch: batch)
    let costs = AdditiveCosts(partyCount: partyCount)
    let outside = costs.sharing(counts: [words.count]) + costs.revealing(counts: [shape.count])
    return (1...repeats).map { index in
      prediction(
        answers.map { $0[index] }, shape: shape, outside: outside, fractionBits: fractionBits, offline: offline)
    }
  }

  /// One party's part of all queries.
  private static func run(
    _ computation: DealtComputation, _ weights: [String: AdditiveShare], _ inputs: [AdditiveShare],
    named inputName: String, over channel: MemoryChannel, stock: DealtStock
  ) async throws -> [QueryAnswer] {
    let scheme = try await AdditiveScheme.start(over: channel, source: stock, session: "memory")
    var operands = try await computation.fix(weights, on: scheme)
    var answers: [QueryAnswer] = []
    for (step, input) in inputs.enumerated() {
      if channel.party == channel.partyCount - 1 { try stock.open(computation.program, step: UInt32(step)) }
      try scheme.beginStep(of: computation.program, at: UInt32(step))
      let before = scheme.traffic
      let clock = ContinuousClock()
      let start = clock.now
      operands[inputName] = input
      let output = try await computation.run(operands, on: scheme)
      let summand = scheme.summandForOutside(output[0])
      answers.append(
        QueryAnswer(summand: summand, traffic: scheme.traffic - before, seconds: (clock.now - start) / .seconds(1)))
    }
    return answers
  }

  private static func prediction(
    _ parts: [QueryAnswer], shape: Shape, outside: Cost, fractionBits: Int, offline: Double
  ) -> Prediction {
    let total = parts.map(\.summand).reduce(RingTensor(repeating: 0, shape: shape)) { $0 + $1.reshaped(to: shape) }
    var traffic = parts.reduce(outside) { $0 + $1.traffic }
    traffic.rounds = outside.rounds + (parts.map(\.traffic.rounds).max() ?? 0)
    let seconds = parts.map(\.seconds).max() ?? 0
    return Prediction(
      output: FixedTensor(ring: total, fractionBits: fractionBits).decoded(), seconds: seconds, partySeconds: seconds,
      traffic: traffic, offlineSeconds: offline)
  }
}
