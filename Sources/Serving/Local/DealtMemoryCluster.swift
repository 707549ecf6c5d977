import Graphs
package import ModelFiles
import NIOConcurrencyHelpers
package import Sharing
package import Tensors
package import Transports

/// Parties with a dealer, all as tasks of this process over memory channels: the same protocols and traffic, no network.
///
/// The dealer makes its part for all runs before the parties begin. Nothing is hidden from this process; for trying and
/// measuring.
package struct DealtMemoryCluster<Scheme: DealtScheme> {
  package let partyCount: Int
  package let fractionBits: Int
  package let deadline: Duration
  /// Whether a cheater is to be named.
  private let isIdentifying: Bool
  /// What parties send through, such as one who cheats.
  private let wrapping: @Sendable (MemoryChannel) -> any Channel
  /// A party that goes on with shares of other weights than all hold, and looks for a cheater as others do: for showing what becomes
  /// of it.
  private let deviating: PartyID?
  /// Hears of each accusation that a party makes, and whether it holds for who was not there.
  private let accusing: @Sendable (Accusation, Bool) -> Void

  package init(
    of scheme: Scheme.Type, partyCount: Int, fractionBits: Int, deadline: Duration, identifying: Bool = false,
    deviating: PartyID? = nil, wrapping: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 },
    accusing: @escaping @Sendable (Accusation, Bool) -> Void = { _, _ in }
  ) {
    self.partyCount = partyCount
    self.fractionBits = fractionBits
    self.deadline = deadline
    isIdentifying = identifying
    self.wrapping = wrapping
    self.deviating = deviating
    self.accusing = accusing
  }

  /// Predicts `repeats` times after a warm-up; results in order, the warm-up left out.
  ///
  /// - Throws: ``SharingError/cheating(check:layer:culprit:)`` where any party notices a cheater;
  ///   ``SharingError/cheating(check:layer:culprit:)`` where one is to be named.
  package func predict(_ model: ModelFile, _ input: Tensor<Float>, repeats: Int) async throws -> [Prediction] {
    let description = try SharedModel.Description(model, fractionBits: fractionBits)
    try model.inputRange?.check(input)
    try description.validate()
    let weights = try SecretInput.encode(
      weights: description.weightNames, of: model.weights, fractionBits: fractionBits)
    let words = try SecretInput.encode(input, named: "the input", fractionBits: fractionBits)
    let batch = input.shape[0]
    let computation = try description.computation(batch: batch, generation: "", label: "memory")
    let (stocks, pairs, offline) = try await deal(computation, runs: repeats + 1)
    let shape = try SecretOutput.shape(of: model, batch: batch)
    let modelParcels = Scheme.parcels(of: weights, answers: [], partyCount: partyCount).parcels
    let inputs = (0...repeats).map { _ in Scheme.parcels(of: [words], answers: [shape], partyCount: partyCount) }
    let answers = try await everyParty { channel in
      let party = channel.party
      let weights = try Scheme.unpack(
        modelParcels[party], party: party, partyCount: partyCount, shapes: weights.map(\.shape), answers: [])
      let inputs = try inputs.map {
        try Scheme.unpack(
          $0.parcels[party], party: party, partyCount: partyCount, shapes: [words.shape], answers: [shape])
      }
      return try await run(computation, weights, inputs, over: channel, stock: stocks[party], pairs)
    }
    return try (1...repeats).map { index in
      let parts = answers.map { $0[index] }
      let said = try Scheme.combine(
        parts.map { $0.summand.reshaped(to: shape) }, mask: inputs[index].masks.first)
      let sent = inputs[index].parcels.reduce(8 * partyCount * shape.count) { $0 + $1.byteCount }
      var traffic = parts.reduce(Cost(byteCount: sent)) { $0 + $1.traffic }
      // Sharing the input and revealing the answer are a message latency each.
      traffic.rounds = 2 + (parts.map(\.traffic.rounds).max() ?? 0)
      let seconds = parts.map(\.seconds).max() ?? 0
      return Prediction(
        output: FixedTensor(ring: said, fractionBits: fractionBits).decoded(), seconds: seconds,
        partySeconds: seconds, traffic: traffic, offlineSeconds: offline)
    }
  }

  /// The last party's stock for so many runs, the dealer of what a cheater is named by, and what dealing one run took.
  private func deal(
    _ computation: DealtComputation, runs: Int
  ) async throws -> (stocks: [DealtStock], pairs: PairDealer, secondsPerRun: Double) {
    let desk = DealerDesk(Dealer(partyCount: partyCount, form: Scheme.form))
    let stocks = (0..<partyCount).map {
      DealtStock(key: desk.dealer.key(ofParty: $0), partyCount: partyCount, form: Scheme.form)
    }
    if let preparation = try computation.preparation() {
      stocks[partyCount - 1].add(
        try await desk.ticket(for: preparation, step: 0), for: preparation.program, step: 0)
    }
    let clock = ContinuousClock()
    let start = clock.now
    for step in 0..<UInt32(runs) {
      stocks[partyCount - 1].add(
        try await desk.ticket(for: computation, step: step), for: computation.program, step: step)
    }
    return (stocks, PairDealer(desk.dealer, record: desk), (clock.now - start) / .seconds(1) / Double(runs))
  }

  /// What all parties come to, in their order.
  ///
  /// - Throws: what says most of why they come to nothing: that one cheats, rather than that the others have gone.
  private func everyParty<Value: Sendable>(
    _ body: @escaping @Sendable (any Channel) async throws -> Value
  ) async throws -> [Value] {
    var results = [Result<Value, any Error>](
      repeating: .failure(CancellationError()), count: partyCount)
    await withTaskGroup(of: (Int, Result<Value, any Error>).self) { group in
      for channel in MemoryMesh.channels(partyCount: partyCount, deadline: deadline).map(wrapping) {
        group.addTask {
          do { return (channel.party, .success(try await body(channel))) } catch {
            await channel.close()
            return (channel.party, .failure(error))
          }
        }
      }
      for await (party, result) in group { results[party] = result }
    }
    if let error = SharingError.joining(results.map { Self.error(of: $0) }) { throw error }
    return try results.map { try $0.get() }
  }

  private static func error(of result: Result<some Any, any Error>) -> SharingError? {
    guard case .failure(let error) = result else { return nil }
    return error as? SharingError
  }

  /// One party's part of all queries.
  private func run(
    _ computation: DealtComputation, _ weights: Scheme.Piece, _ inputs: [Scheme.Piece], over channel: any Channel,
    stock: DealtStock, _ pairs: PairDealer
  ) async throws -> [QueryAnswer] {
    let accusations = NIOLockedValueBox<[Accusation]>([])
    let identification =
      isIdentifying
      ? Identification(pairs: MemoryPairs(pairs, party: channel.party)) { accusation in
        accusations.withLockedValue { $0.append(accusation) }
      } : nil
    let scheme = try await Scheme.start(
      over: channel, source: stock, session: "memory", keys: "", identification: identification)
    do {
      return try await scheme.identifying { running in
        // What is run once more needs nothing of the stock.
        let isFirst = running === scheme
        let opensStock = isFirst && channel.party == partyCount - 1
        return try await answers(
          computation, weights, inputs, on: running, opensStock ? stock : nil,
          deviates: isFirst && channel.party == deviating)
      }
    } catch {
      for accusation in accusations.withLockedValue({ $0 }) {
        let holds = await holds(accusation, of: scheme, pairs) {
          try await answers(computation, weights, inputs, on: $0, nil)
        }
        accusing(accusation, holds)
      }
      throw error
    }
  }

  private func holds(
    _ accusation: Accusation, of scheme: Scheme, _ pairs: PairDealer, _ program: (Scheme) async throws -> some Any
  ) async -> Bool {
    guard let keys = (scheme as? AuthenticatedScheme)?.publicKeys else { return false }
    return await accusation.holds(keys: keys, dealer: pairs.publicKey) { running in
      guard let running = running as? Scheme else { throw SharingError.missingShare("the accusation's session") }
      return try await program(running)
    }
  }

  private func answers(
    _ computation: DealtComputation, _ weights: Scheme.Piece, _ inputs: [Scheme.Piece], on scheme: Scheme,
    _ stock: DealtStock?, deviates: Bool = false
  ) async throws -> [QueryAnswer] {
    var prepared: [String: Scheme.Share] = [:]
    if let preparation = try computation.preparation() {
      try stock?.open(preparation.program, step: 0)
      prepared = try await preparation.prepare(weights, on: scheme).inputs
    }
    // A bias, which no product needs the mask of.
    if deviates, let name = prepared.keys.sorted().first(where: { $0.hasSuffix("bias") }), let share = prepared[name] {
      prepared[name] = scheme.add(share, word: 1 << UInt64(fractionBits))
    }
    var answers: [QueryAnswer] = []
    for (step, input) in inputs.enumerated() {
      try stock?.open(computation.program, step: UInt32(step))
      try scheme.beginStep(of: computation.program, at: UInt32(step))
      let before = scheme.traffic
      let clock = ContinuousClock()
      let start = clock.now
      let summand = try await computation.answer(input, prepared, on: scheme)
      answers.append(
        QueryAnswer(summand: summand, traffic: scheme.traffic - before, seconds: (clock.now - start) / .seconds(1)))
    }
    return answers
  }
}
