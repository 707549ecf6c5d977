import Graphs
import Sharing
import Tensors
import Transports

/// Queries among three replicated parties whose products are checked.
final class CheckedRunner: SessionRunner {
  private let channel: any Channel
  private let scheme: CheckedScheme
  /// Weights that were compared in this session, by the model's key; the models that are there still.
  private var admitted: [String: [String: CheckedShare]] = [:]
  private let knownModels: () async -> Set<String>

  init(over channel: any Channel, session: String, knownModels: @escaping () async -> Set<String>) async throws {
    self.channel = channel
    scheme = try await CheckedScheme.start(over: channel, session: session)
    self.knownModels = knownModels
  }

  func run(
    _ queries: [PendingQuery], waiting: @escaping @Sendable (DealerProgress) -> Void
  ) async throws -> [QueryAnswer] {
    guard let query = queries.first, queries.count == 1, case .checked(let pieces) = query.input, pieces.count == 2
    else { throw ServingError.malformedMessage }
    let description = query.model.description
    // First of all: one party may have the weights and another not, and after a refusal their counters must be alike again.
    try scheme.beginStep()
    let weights = try await refusingUnequalShares(of: "the model", in: scheme) {
      try await self.weights(of: query.model)
    }
    let answer = try await refusingUnequalShares(of: "the query", in: scheme) {
      try await scheme.answer(
        try description.graph(batch: query.batch), description, weights, input: pieces[0], mask: pieces[1],
        of: query.model.key)
    }
    return [answer]
  }

  /// Where the parties agree that what an owner sent them does not belong together, it is refused, and the session goes on.
  private func refusingUnequalShares<Value>(
    of what: String, in scheme: CheckedScheme, _ body: () async throws -> Value
  ) async throws -> Value {
    do { return try await body() } catch let error as SharingError {
      guard case .cheating(.inputs, _, _) = error, !scheme.isOver else { throw error }
      throw ServingError.untrusted(
        "the parties were sent shares of \(what) that do not belong together: the owner or a party cheated, and no "
          + "output was released")
    }
  }

  /// The model's weights, which are compared with the first query on it: one round.
  private func weights(of model: SharedModel) async throws -> [String: CheckedShare] {
    if let known = admitted[model.key] { return known }
    guard case .checked(let pieces) = model.weights else { throw ServingError.malformedMessage }
    let models = await knownModels()
    admitted = admitted.filter { models.contains($0.key) }
    let made = Dictionary(
      uniqueKeysWithValues: zip(model.description.weightNames, try await scheme.admit(pieces, for: model.key)))
    admitted[model.key] = made
    return made
  }

  func train(_ training: PendingTraining, report: @escaping (TrainingNews) -> Void) async throws {
    let steps = try await CheckedScheme.startTraining(over: channel, session: "training")
    var what = "the rows or weights"
    if case .resumed = training.origin { what = "a training that is to go on, by a checkpoint or by its client," }
    try await refusingUnequalShares(of: what, in: steps) {
      try await TrainingSession(channel: channel, training: training, scheme: CheckedTraining(steps))
        .run(report: report)
    }
  }

  func add(_ sum: PendingAggregation) async throws -> AggregationAnswer {
    throw ServingError.badRequest(
      "parties of a cluster with scheme: replicated-malicious do not add up workers' shares")
  }
}

extension CheckedScheme {
  /// One query at one party, in the step that has begun: the output under the mask that its client has shared with the input, after the
  /// check.
  func answer(
    _ graph: Graph, _ description: SharedModel.Description, _ weights: [String: CheckedShare], input: ReplicatedShare,
    mask: ReplicatedShare, of model: String = ""
  ) async throws -> QueryAnswer {
    let before = traffic
    let clock = ContinuousClock()
    let start = clock.now
    let shares = try await admit([input, mask], for: model)
    let engine = SecureEngine(self, fractionBits: description.fractionBits, widths: description.widths)
    var inputs = weights
    inputs[description.inputName] = shares[0]
    let output = try await engine.run(graph, inputs: inputs)[0]
    let masked = try await open([add(output, shares[1])])[0]
    return QueryAnswer(summand: masked, traffic: traffic - before, seconds: (clock.now - start) / .seconds(1))
  }
}
