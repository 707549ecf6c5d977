import Graphs
import Sharing
import Tensors
import Transports

/// Runs queries and trainings within one session of the parties, at one party.
protocol SessionRunner: AnyObject {
  /// Runs queries that go together, as one; their answers in their order.
  ///
  /// - Parameter waiting: told while the run waits for a dealer.
  func run(
    _ queries: [PendingQuery], waiting: @escaping @Sendable (DealerProgress) -> Void
  ) async throws -> [QueryAnswer]
  func train(_ training: PendingTraining, report: @escaping (TrainingNews) -> Void) async throws
  /// Adds up workers' vectors.
  func add(_ sum: PendingAggregation) async throws -> AggregationAnswer
}

/// Queries and trainings among three replicated parties.
final class ReplicatedRunner: SessionRunner {
  private let channel: any Channel
  private let scheme: ReplicatedScheme
  private var graphs: [String: Graph] = [:]

  private static let mostGraphs = 256

  /// - Parameter observer: hears of every draw, in tests.
  init(over channel: any Channel, session: String, telling observer: SessionDraws.Observer? = nil) async throws {
    self.channel = channel
    scheme = try await ReplicatedScheme.start(over: channel, session: session, telling: observer)
  }

  func run(
    _ queries: [PendingQuery], waiting: @escaping @Sendable (DealerProgress) -> Void
  ) async throws -> [QueryAnswer] {
    let model = queries[0].model
    let (joined, batch) = try MergedBatch.joined(queries)
    guard case .replicated(let input) = joined, case .replicated(let weights) = model.weights else {
      throw ServingError.malformedMessage
    }
    try scheme.beginStep()
    let before = scheme.traffic
    let clock = ContinuousClock()
    let start = clock.now
    let description = model.description
    scheme.options = description.options
    let engine = SecureEngine(scheme, fractionBits: description.fractionBits, widths: description.widths)
    var inputs = Dictionary(uniqueKeysWithValues: zip(description.weightNames, weights))
    inputs[description.inputName] = input[0]
    let output = try await engine.run(try graph(of: model, batch: batch), inputs: inputs)
    let answer = QueryAnswer(
      summand: scheme.summandForOutside(output[0]), traffic: scheme.traffic - before,
      seconds: (clock.now - start) / .seconds(1))
    return MergedBatch.split(answer, among: queries)
  }

  /// The program for a batch; those of late are kept.
  private func graph(of model: SharedModel, batch: Int) throws -> Graph {
    let name = "\(model.key)|\(batch)"
    if let known = graphs[name] { return known }
    if graphs.count >= Self.mostGraphs { graphs = [:] }
    let made = try model.description.graph(batch: batch)
    graphs[name] = made
    return made
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
