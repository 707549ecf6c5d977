import Sharing
import Tensors
import Transports

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

/// What the tasks of a party share: models, work that waits, and who waits for it.
actor PartyState {
  var shelf: ModelShelf
  var queue = WorkQueue()
  private var datasets = PartyDatasets()
  var clients: [String: (stream: QueryStream.Continuation, record: PartyObserver.Query)] = [:]
  var trainings: [String: TrainingStream.Continuation] = [:]
  var aggregations: [String: AggregationStream.Continuation] = [:]
  /// Requests that this party refused, which others may propose: the oldest are forgotten.
  private var refused: [String] = []
  private var refusedNames: Set<String> = []
  /// At party 0: refusals that the others have not heard of.
  private var untold: [String] = []
  /// Clients that were waited for once: not again, so that they hold up nobody.
  var lateClients: Set<CallerID> = []
  /// Queries in the last proposal: where there were several, others are about to come.
  var lastCrowd = 0
  /// Whether the session may be over, so that party 0 must not wait for work.
  var doubtsSession = false
  /// Why there is no session of the parties, if there is none.
  var sessionFault: String? = "it has only just started"
  /// When work ended that kept all other work waiting.
  var longRunEnd: ContinuousClock.Instant?
  /// What is in the proposal that the parties are agreeing on: it must not be taken away under them.
  var settling: Set<String> = []
  /// What is among these and has lost its client.
  var abandoned: Set<String> = []
  let observer: PartyObserver
  /// Models whose figures are shown.
  var shownModels: Set<String> = []
  private var lastCaller: UInt64 = 0
  private var watchers: [UInt64: CheckedContinuation<Void, Never>] = [:]
  private var lastWatcher: UInt64 = 0

  private static let mostRefused = 4096

  init(shelf: ModelShelf, observer: PartyObserver = PartyObserver()) {
    self.shelf = shelf
    self.observer = observer
  }

  /// A name for a connection.
  func nextCaller() -> UInt64 {
    lastCaller += 1
    return lastCaller
  }

  // MARK: Rows

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

  // MARK: Work

  /// Queues a query; its news come through the stream, the answer last.
  func start(_ query: PendingQuery) throws -> QueryStream {
    do {
      guard !wasRefused(query.id) else { throw ServingError.declined(by: 0) }
      try enqueue(.query(query))
    } catch {
      observer.metrics.noteRefusal(error, model: query.model.name)
      throw error
    }
    let (stream, continuation) = QueryStream.makeStream(of: QueryNews.self)
    clients[query.id] = (continuation, observer.begin(query))
    return stream
  }

  /// Queues a training; its news come through the stream.
  func start(_ training: PendingTraining) throws -> TrainingStream {
    try enqueue(.training(training))
    let (stream, continuation) = TrainingStream.makeStream(of: TrainingNews.self)
    trainings[training.id] = continuation
    return stream
  }

  /// Queues a sum; its answer comes through the stream.
  func start(_ sum: PendingAggregation) throws -> AggregationStream {
    try enqueue(.aggregation(sum))
    let (stream, continuation) = AggregationStream.makeStream(of: AggregationAnswer.self)
    aggregations[sum.id] = continuation
    return stream
  }

  private func enqueue(_ work: PendingWork) throws {
    let id = work.id
    guard (1...128).contains(id.utf8.count), id.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw ServingError.badRequest("a request is named by 1 to 128 printable characters without spaces")
    }
    guard clients[id] == nil, trainings[id] == nil, aggregations[id] == nil else {
      throw ServingError.badRequest("request \(id) is there already")
    }
    try queue.append(work)
    notifyAll()
  }

  /// Remembers that a request was refused here, so that the others need not wait for it.
  func noteRefused(_ id: String) {
    guard refusedNames.insert(id).inserted else { return }
    refused.append(id)
    untold.append(id)
    if refused.count > Self.mostRefused {
      for old in refused.prefix(Self.mostRefused / 2) { refusedNames.remove(old) }
      refused.removeFirst(Self.mostRefused / 2)
    }
    if untold.count > Self.mostRefused { untold.removeFirst(Self.mostRefused / 2) }
    notifyAll()
  }

  func wasRefused(_ id: String) -> Bool { refusedNames.contains(id) }

  var hasUntold: Bool { !untold.isEmpty }

  /// Refusals for the others to hear of.
  func tellRefusals() -> [RunProposal.Entry] {
    defer { untold.removeFirst(min(untold.count, RunProposal.mostEntries)) }
    return untold.prefix(RunProposal.mostEntries).map { id in
      .init(kind: .refusal, id: id, model: "-", batch: 1, mayWait: false)
    }
  }

  // MARK: Ends

  /// Where a training's party tells what happens.
  func reporter(of id: String) -> TrainingStream.Continuation? { trainings[id] }

  /// Where a query's party tells that it waits.
  func client(of id: String) -> QueryStream.Continuation? { clients[id]?.stream }

  /// What is told of queries.
  func records(of queries: [PendingQuery]) -> [PartyObserver.Query] { queries.compactMap { clients[$0.id]?.record } }

  func finish(_ id: String, _ result: Result<QueryAnswer, any Error>) {
    guard let client = clients.removeValue(forKey: id) else { return }
    observer.end(client.record, id: id, result)
    switch result {
    case .success(let answer):
      client.stream.yield(.answer(answer))
      client.stream.finish()
    case .failure(let error): client.stream.finish(throwing: error)
    }
  }

  /// Ends a training's stream.
  func finishTraining(_ id: String, _ error: (any Error)?) {
    trainings.removeValue(forKey: id)?.finish(throwing: error)
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

  /// Refuses work that will not run.
  func fail(_ id: String, _ error: any Error) {
    queue.remove(id)
    finish(id, .failure(error))
    finishTraining(id, error)
    finishAggregation(id, .failure(error))
  }

  // MARK: Waiting

  /// Has party 0 look whether its session still stands.
  func doubtSession() {
    doubtsSession = true
    notifyAll()
  }

  /// Waits until work comes or something else happens, at most for a while.
  func news(within limit: Duration) async {
    lastWatcher += 1
    let number = lastWatcher
    let alarm = Task {
      try? await Task.sleep(for: limit)
      notify(number)
    }
    defer { alarm.cancel() }
    await withCheckedContinuation { watchers[number] = $0 }
  }

  /// Ends every wait.
  func notifyAll() { for number in watchers.keys { notify(number) } }

  private func notify(_ number: UInt64) { watchers.removeValue(forKey: number)?.resume() }
}
