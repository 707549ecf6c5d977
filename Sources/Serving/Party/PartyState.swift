import Sharing
import Tensors
import Transports

/// A query that waits at a party, with its share of the input.
struct PendingQuery: Sendable {
  let id: String
  let model: SharedModel
  /// One share.
  let input: HeldShares
  let batch: Int
}

/// What waits for the parties' turn.
enum PendingWork: Sendable {
  case query(PendingQuery)
  case training(PendingTraining)
  case aggregation(PendingAggregation)
}

/// What one party's run of a query yields for its client.
struct QueryAnswer: Sendable {
  let summand: RingTensor
  let traffic: Cost
  let seconds: Double
}

/// What a query's client hears.
enum QueryNews: Sendable {
  case waiting(DealerProgress)
  case answer(QueryAnswer)
}

/// The news of a query on their way to its client.
typealias QueryStream = AsyncThrowingStream<QueryNews, any Error>

/// A sum's answer on its way to its coordinator.
typealias AggregationStream = AsyncThrowingStream<AggregationAnswer, any Error>

/// What the tasks of a party share: models, queries that wait, and who waits for them.
actor PartyState {
  private var models: [String: SharedModel] = [:]
  private var datasets = PartyDatasets()
  /// In the order of arrival, for the party that decides on the order of runs.
  private var queue: [String] = []
  private var pending: [String: PendingWork] = [:]
  private var clients: [String: QueryStream.Continuation] = [:]
  private var trainings: [String: TrainingStream.Continuation] = [:]
  private var aggregations: [String: AggregationStream.Continuation] = [:]
  private var arrivals: [UInt64: (id: String?, continuation: CheckedContinuation<PendingWork?, Never>)] = [:]
  private var lastArrival: UInt64 = 0

  /// A bound on what clients can make a party hold.
  static let mostPending = 4096

  /// - Throws: ``ServingError/badRequest(_:)`` where there is a model of that name: masks that are kept belong to a name.
  func store(_ model: SharedModel) throws {
    guard models[model.name] == nil else {
      throw ServingError.badRequest("a model \"\(model.name)\" is shared here already: withdraw it first")
    }
    models[model.name] = model
  }

  var modelNames: Set<String> { Set(models.keys) }

  func withdraw(_ name: String) throws {
    guard models.removeValue(forKey: name) != nil else { throw ServingError.unknownModel(name) }
  }

  func model(_ name: String) throws -> SharedModel {
    guard let model = models[name] else { throw ServingError.unknownModel(name) }
    return model
  }

  /// Puts rows behind those that an owner has shared, or in their place.
  func store(_ block: SharedRows.Block, _ header: RowsHeader, from name: String) throws {
    try datasets.store(block, header, from: name)
  }

  func rowCounts(of dataset: String, owners: [String]) -> [(training: Int, test: Int)] {
    datasets.rowCounts(of: dataset, owners: owners)
  }

  /// Takes the rows of all owners, in their order; the data set is gone afterwards.
  func takeRows(of dataset: String, owners: [String], for program: TrainingProgram) throws -> TrainingRows {
    try datasets.take(dataset, owners: owners, for: program)
  }

  /// Queues a query; its news come through the stream, the answer last.
  func start(_ query: PendingQuery) throws -> QueryStream {
    try checkRoom(for: query.id)
    let (stream, continuation) = QueryStream.makeStream(of: QueryNews.self)
    clients[query.id] = continuation
    enqueue(query.id, .query(query))
    return stream
  }

  /// Queues a training; its news come through the stream.
  func start(_ training: PendingTraining) throws -> TrainingStream {
    try checkRoom(for: training.id)
    let (stream, continuation) = TrainingStream.makeStream(of: TrainingNews.self)
    trainings[training.id] = continuation
    enqueue(training.id, .training(training))
    return stream
  }

  /// Queues a sum; its answer comes through the stream.
  func start(_ sum: PendingAggregation) throws -> AggregationStream {
    try checkRoom(for: sum.id)
    let (stream, continuation) = AggregationStream.makeStream(of: AggregationAnswer.self)
    aggregations[sum.id] = continuation
    enqueue(sum.id, .aggregation(sum))
    return stream
  }

  func finishAggregation(_ id: String, _ result: Result<AggregationAnswer, any Error>) {
    let coordinator = aggregations.removeValue(forKey: id)
    switch result {
    case .success(let answer):
      coordinator?.yield(answer)
      coordinator?.finish()
    case .failure(let error): coordinator?.finish(throwing: error)
    }
  }

  private func checkRoom(for id: String) throws {
    guard pending[id] == nil, clients[id] == nil, trainings[id] == nil, aggregations[id] == nil else {
      throw ServingError.badRequest("request \(id) is there already")
    }
    guard pending.count < Self.mostPending else {
      throw ServingError.badRequest("too many requests wait: try again later")
    }
  }

  private func enqueue(_ id: String, _ work: PendingWork) {
    pending[id] = work
    queue.append(id)
    wakeArrivals(of: id)
  }

  /// Where a training's party tells what happens.
  func reporter(of id: String) -> TrainingStream.Continuation? { trainings[id] }

  /// Ends a training's stream.
  func finishTraining(_ id: String, _ error: (any Error)?) {
    trainings.removeValue(forKey: id)?.finish(throwing: error)
  }

  /// The work of that name, or the next in line for `nil`; `nil` when none comes in time.
  func work(_ id: String?, within patience: Duration) async -> PendingWork? {
    if let work = take(id) { return work }
    lastArrival += 1
    let number = lastArrival
    let alarm = Task {
      try? await Task.sleep(for: patience)
      expire(number)
    }
    defer { alarm.cancel() }
    return await withCheckedContinuation { arrivals[number] = (id, $0) }
  }

  /// Where a query's party tells that it waits.
  func client(of id: String) -> QueryStream.Continuation? { clients[id] }

  func finish(_ id: String, _ result: Result<QueryAnswer, any Error>) {
    let client = clients.removeValue(forKey: id)
    switch result {
    case .success(let answer):
      client?.yield(.answer(answer))
      client?.finish()
    case .failure(let error): client?.finish(throwing: error)
    }
  }

  /// Fails all that waits or runs, when the session is gone.
  func failAll(_ error: any Error) {
    queue.removeAll()
    pending.removeAll()
    for (id, client) in clients {
      clients[id] = nil
      client.finish(throwing: error)
    }
    for id in trainings.keys { finishTraining(id, error) }
    for id in aggregations.keys { finishAggregation(id, .failure(error)) }
  }

  /// Ends every wait for a query, when the party stops or its session is gone.
  func stopWaiting() {
    for (number, arrival) in arrivals {
      arrivals[number] = nil
      arrival.continuation.resume(returning: nil)
    }
  }

  private func expire(_ number: UInt64) {
    arrivals.removeValue(forKey: number)?.continuation.resume(returning: nil)
  }

  private func wakeArrivals(of id: String) {
    guard let waiting = arrivals.first(where: { $0.value.id == id || $0.value.id == nil }) else { return }
    arrivals[waiting.key] = nil
    waiting.value.continuation.resume(returning: take(waiting.value.id))
  }

  private func take(_ id: String?) -> PendingWork? {
    guard let chosen = id ?? queue.first, let work = pending.removeValue(forKey: chosen) else { return nil }
    queue.removeAll { $0 == chosen }
    return work
  }
}
