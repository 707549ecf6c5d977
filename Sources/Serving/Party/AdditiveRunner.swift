import Logging
import Sharing
import Transports

/// Queries and trainings among additive parties with a dealer.
final class AdditiveRunner: SessionRunner {
  private let channel: any Channel
  private let dealing: PartyDealing
  private let scheme: AdditiveScheme
  private let turns: DealtTurns
  private let trainingTurns: DealtTurns
  private let generation: String
  /// By model and batch.
  private var computations: [String: DealtComputation] = [:]
  /// Weights whose masks are kept, by the model's key; the models that are there still.
  private var fixed: [String: [String: AdditiveShare]] = [:]
  private let knownModels: () async -> Set<String>

  init(
    over channel: any Channel, session: String, dealing: PartyDealing, knownModels: @escaping () async -> Set<String>,
    logger: Logger
  ) async throws {
    self.channel = channel
    self.dealing = dealing
    self.knownModels = knownModels
    let key: [UInt8]
    (key, generation) = try await dealing.begin(over: channel)
    let stock = DealtStock(key: key, partyCount: channel.partyCount)
    turns = DealtTurns(
      over: channel, stock: stock, keeper: dealing.keeper, used: dealing.used, pulse: dealing.pulse, logger: logger)
    trainingTurns = DealtTurns(
      over: channel, stock: stock, keeper: dealing.trainingKeeper, used: try UsedSteps(folder: nil),
      pulse: dealing.pulse, logger: logger)
    scheme = try await AdditiveScheme.start(over: channel, source: stock, session: session + generation)
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
    guard case .additive(let input) = query.input, case .additive(let weights) = query.model.weights else {
      throw ServingError.malformedMessage
    }
    let description = query.model.description
    let computation = try await computation(for: query)
    var operands = try await fixed(weights, of: query.model, computation)
    operands[description.inputName] = input[0]
    try scheme.beginStep(of: computation.program, at: try await turns.next(of: computation, waiting: waiting))
    let before = scheme.traffic
    let clock = ContinuousClock()
    let start = clock.now
    let output = try await computation.run(operands, on: scheme)
    let summand = scheme.summandForOutside(output[0])
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

  /// The model's weights under masks that are opened once in a session: one round for the first query on a model.
  private func fixed(
    _ weights: [AdditiveShare], of model: SharedModel, _ computation: DealtComputation
  ) async throws -> [String: AdditiveShare] {
    if let known = fixed[model.key] { return known }
    let operands = Dictionary(uniqueKeysWithValues: zip(model.description.weightNames, weights))
    let made = try await computation.fix(operands, on: scheme)
    fixed[model.key] = made
    return made
  }

  func add(_ sum: PendingAggregation) async throws -> AggregationAnswer {
    throw ServingError.badRequest("additive parties do not add up workers' shares")
  }

  func train(_ training: PendingTraining, report: @escaping (TrainingNews) -> Void) async throws {
    let scheme = AdditiveTraining(over: channel, scheme: scheme, turns: trainingTurns, generation: generation) {
      report(.waiting($0))
    }
    do {
      try await TrainingSession(channel: channel, training: training, scheme: scheme).run(report: report)
      await dealing.trainingKeeper?.forget()
    } catch {
      await dealing.trainingKeeper?.forget()
      throw error
    }
  }
}
