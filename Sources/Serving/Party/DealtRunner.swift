import Logging
import Sharing
import Transports

/// Queries and trainings among parties with a dealer.
final class DealtRunner<Scheme: ServedScheme>: SessionRunner {
  private let channel: any Channel
  private let dealing: PartyDealing
  private let scheme: Scheme
  private let turns: DealtTurns
  private let trainingTurns: DealtTurns
  private let generation: String
  /// By model and batch.
  private var computations: [String: DealtComputation] = [:]
  /// Weights whose masks are kept, by the model's key; the models that are there still.
  private var fixed: [String: [String: Scheme.Share]] = [:]
  private let knownModels: () async -> Set<String>
  private let spoil: (String) async -> Void

  /// - Parameter spoil: told the key of a model whose shares this session may have given away the check of.
  init(
    over channel: any Channel, session: String, dealing: PartyDealing, knownModels: @escaping () async -> Set<String>,
    spoil: @escaping (String) async -> Void, logger: Logger
  ) async throws {
    self.channel = channel
    self.dealing = dealing
    self.knownModels = knownModels
    self.spoil = spoil
    let key: [UInt8]
    (key, generation) = try await dealing.begin(over: channel)
    let stock = DealtStock(key: key, partyCount: channel.partyCount, form: Scheme.form)
    turns = DealtTurns(
      over: channel, stock: stock, keeper: dealing.keeper, used: dealing.used, pulse: dealing.pulse, logger: logger)
    trainingTurns = DealtTurns(
      over: channel, stock: stock, keeper: dealing.trainingKeeper, used: try UsedSteps(folder: nil),
      pulse: dealing.pulse, logger: logger)
    scheme = try await Scheme.start(
      over: channel, source: stock, session: session + generation, keys: generation)
  }

  func run(
    _ queries: [PendingQuery], waiting: @escaping @Sendable (DealerProgress) -> Void
  ) async throws -> [QueryAnswer] {
    // What is dealt is dealt for a batch: queries do not go together.
    guard let query = queries.first, queries.count == 1 else { throw ServingError.malformedMessage }
    return [try await run(query, waiting: waiting)]
  }

  private func run(
    _ query: PendingQuery, waiting: @escaping @Sendable (DealerProgress) -> Void
  ) async throws -> QueryAnswer {
    guard let input = Scheme.piece(in: query.input), let weights = Scheme.piece(in: query.model.weights) else {
      throw ServingError.malformedMessage
    }
    let computation = try await computation(for: query)
    let prepared = try await prepared(weights, of: query.model, computation, waiting: waiting)
    try scheme.beginStep(of: computation.program, at: try await turns.next(of: computation, waiting: waiting))
    let before = scheme.traffic
    let clock = ContinuousClock()
    let start = clock.now
    let summand = try await computation.answer(input, prepared, on: scheme)
    return QueryAnswer(
      summand: summand, traffic: scheme.traffic - before, seconds: (clock.now - start) / .seconds(1))
  }

  private func computation(for query: PendingQuery) async throws -> DealtComputation {
    let key = "\(query.model.key)|\(query.batch)"
    if let known = computations[key] { return known }
    let models = await knownModels().union([query.model.key])
    computations = computations.filter { models.contains(String($0.key.prefix { $0 != "|" })) }
    fixed = fixed.filter { models.contains($0.key) }
    let made = try query.model.computation(batch: query.batch, generation: generation)
    computations[key] = made
    return made
  }

  /// The model's weights under masks that are opened once in a session: one round for the first query on a model, and with
  /// MACs those that give it its own.
  private func prepared(
    _ weights: Scheme.Piece, of model: SharedModel, _ computation: DealtComputation,
    waiting: @escaping @Sendable (DealerProgress) -> Void
  ) async throws -> [String: Scheme.Share] {
    if let known = fixed[model.key] { return known }
    guard let preparation = try computation.preparation() else { return [:] }
    if Scheme.form == .authenticated {
      // Nothing that was dealt outlives the session: it is always the first run.
      guard
        try await trainingTurns.next(
          of: preparation, coming: { [.init(computation: preparation, count: 1)] }, waiting: waiting) == 0
      else { throw ServingError.malformedMessage }
    }
    do {
      let made = try await preparation.prepare(weights, on: scheme).inputs
      try await scheme.check()
      fixed[model.key] = made
      return made
    } catch {
      if Scheme.form == .authenticated { await spoil(model.key) }
      throw error
    }
  }

  func add(_ sum: PendingAggregation) async throws -> AggregationAnswer {
    throw ServingError.badRequest("parties with a dealer do not add up workers' shares")
  }

  func train(_ training: PendingTraining, report: @escaping (TrainingNews) -> Void) async throws {
    let steps = DealtTraining(over: channel, scheme: scheme, turns: trainingTurns, generation: generation) {
      report(.waiting($0))
    }
    do {
      try await TrainingSession(channel: channel, training: training, scheme: steps).run(report: report)
      await dealing.trainingKeeper?.forget()
    } catch {
      await dealing.trainingKeeper?.forget()
      throw error
    }
  }
}
