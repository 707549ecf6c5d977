import Sharing
import Tensors
import Transports

/// Runs queries and trainings within one session of the parties, at one party.
protocol SessionRunner: AnyObject {
  /// - Parameter waiting: told while the run waits for a dealer.
  func run(_ query: PendingQuery, waiting: @escaping @Sendable (DealerProgress) -> Void) async throws -> QueryAnswer
  func train(_ training: PendingTraining, report: @escaping (TrainingNews) -> Void) async throws
  /// Adds up workers' vectors.
  func add(_ sum: PendingAggregation) async throws -> AggregationAnswer
}

/// Queries and trainings among three replicated parties.
final class ReplicatedRunner: SessionRunner {
  private let channel: any Channel
  private let scheme: ReplicatedScheme

  init(over channel: any Channel, session: String) async throws {
    self.channel = channel
    scheme = try await ReplicatedScheme.start(over: channel, session: session)
  }

  func run(
    _ query: PendingQuery, waiting: @escaping @Sendable (DealerProgress) -> Void
  ) async throws -> QueryAnswer {
    guard case .replicated(let input) = query.input, case .replicated(let weights) = query.model.weights else {
      throw ServingError.malformedMessage
    }
    try scheme.beginStep()
    let before = scheme.traffic
    let clock = ContinuousClock()
    let start = clock.now
    let description = query.model.description
    scheme.options = description.options
    let engine = SecureEngine(scheme, fractionBits: description.fractionBits, widths: description.widths)
    var inputs = Dictionary(uniqueKeysWithValues: zip(description.weightNames, weights))
    inputs[description.inputName] = input[0]
    let output = try await engine.run(try description.graph(batch: query.batch), inputs: inputs)
    let summand = scheme.summandForOutside(output[0])
    return QueryAnswer(
      summand: summand, traffic: scheme.traffic - before, seconds: (clock.now - start) / .seconds(1))
  }

  func train(_ training: PendingTraining, report: @escaping (TrainingNews) -> Void) async throws {
    try await TrainingSession(channel: channel, training: training, scheme: ReplicatedTraining(over: channel))
      .run(report: report)
  }

  func add(_ sum: PendingAggregation) async throws -> AggregationAnswer {
    try scheme.beginStep()
    scheme.options = ReplicatedOptions()
    return try await AggregationRun(work: sum, channel: channel, scheme: scheme).run()
  }
}
