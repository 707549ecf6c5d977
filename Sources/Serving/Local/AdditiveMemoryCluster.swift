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
  private static let weightProgram = "weights"
  private static let queryProgram = "query"

  /// Predicts `repeats` times after a warm-up; results in order, the warm-up left out.
  static func predict(
    _ model: ModelFile, _ input: Tensor<Float>, partyCount: Int, fractionBits: Int, repeats: Int, deadline: Duration
  ) async throws -> [Prediction] {
    let description = try SharedModel.Description(model, fractionBits: fractionBits)
    try model.inputRange?.check(input)
    try description.validate()
    let weights = try description.weightNames.map { name in
      try SecretInput.encode(
        model.weights[name] ?? Tensor(shape: [0], scalars: []), named: "the weight \(name)", fractionBits: fractionBits)
    }
    let words = try SecretInput.encode(input, named: "the input", fractionBits: fractionBits)
    let batch = input.shape[0]
    let dealer = Dealer(partyCount: partyCount)
    let clock = ContinuousClock()
    let start = clock.now
    let program = try await rehearse(description, weights: weights.map(\.shape), batch: batch, partyCount: partyCount)
    let stocks = (0..<partyCount).map { DealtStock(key: dealer.key(ofParty: $0), partyCount: partyCount) }
    for step in 0...UInt32(repeats) {
      stocks[partyCount - 1].add(dealer.ticket(for: program, step: step), for: queryProgram, step: step)
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
            return (party, try await run(description, held, inputs, batch: batch, over: channel, stock: stocks[party]))
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

  /// What one query demands of the dealer.
  private static func rehearse(
    _ description: SharedModel.Description, weights: [Shape], batch: Int, partyCount: Int
  ) async throws -> DealtProgram {
    let shape = try description.shape(batch: batch)
    return try await DealtProgram.rehearsing(queryProgram, partyCount: partyCount) { scheme in
      func zeros(_ shape: Shape) -> AdditiveShare { scheme.constant(RingTensor(repeating: 0, shape: shape)) }
      try scheme.beginStep(of: weightProgram)
      let fixed = try await scheme.fix(weights.map(zeros))
      try scheme.beginStep(of: queryProgram)
      _ = try await description.run(on: scheme, weights: fixed, input: zeros(shape), batch: batch)
    }
  }

  /// One party's part of all queries.
  private static func run(
    _ description: SharedModel.Description, _ weights: [AdditiveShare], _ inputs: [AdditiveShare], batch: Int,
    over channel: MemoryChannel, stock: DealtStock
  ) async throws -> [QueryAnswer] {
    let scheme = try await AdditiveScheme.start(over: channel, source: stock, session: "memory")
    try scheme.beginStep(of: weightProgram)
    let fixed = try await scheme.fix(weights)
    var answers: [QueryAnswer] = []
    for (step, input) in inputs.enumerated() {
      if channel.party == channel.partyCount - 1 { try stock.open(queryProgram, step: UInt32(step)) }
      try scheme.beginStep(of: queryProgram)
      let before = scheme.traffic
      let clock = ContinuousClock()
      let start = clock.now
      let output = try await description.run(on: scheme, weights: fixed, input: input, batch: batch)
      let summand = scheme.summandForOutside(output)
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

extension SharedModel.Description {
  /// The model's output on a shared batch; weights in the order of their names.
  fileprivate func run(
    on scheme: AdditiveScheme, weights: [AdditiveShare], input: AdditiveShare, batch: Int
  ) async throws -> AdditiveShare {
    let shape = try shape(batch: batch)
    let graph = try batch == 1 ? graph : graph.resized(inputs: [inputName: shape])
    let engine = SecureEngine(scheme, fractionBits: fractionBits, widths: widths)
    var inputs = Dictionary(uniqueKeysWithValues: zip(weightNames, weights))
    inputs[inputName] = input
    return try await engine.run(graph, inputs: inputs)[0]
  }
}
