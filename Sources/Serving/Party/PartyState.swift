import Sharing
import Tensors
import Transports

/// A query that waits at a party, with its share of the input.
struct PendingQuery: Sendable {
  let id: String
  let model: SharedModel
  let input: ReplicatedShare
  let batch: Int
}

/// What one party's run of a query yields for its client.
struct QueryAnswer: Sendable {
  let summand: RingTensor
  let traffic: Cost
  let seconds: Double
}

/// What the tasks of a party share: models, queries that wait, and who waits for them.
actor PartyState {
  private var models: [String: SharedModel] = [:]
  /// In the order of arrival, for the party that decides on the order of runs.
  private var queue: [String] = []
  private var pending: [String: PendingQuery] = [:]
  private var clients: [String: CheckedContinuation<Result<QueryAnswer, any Error>, Never>] = [:]
  private var arrivals: [UInt64: (id: String?, continuation: CheckedContinuation<PendingQuery?, Never>)] = [:]
  private var lastArrival: UInt64 = 0

  /// A bound on what clients can make a party hold.
  static let mostPending = 4096

  func store(_ model: SharedModel, as name: String) { models[name] = model }

  func withdraw(_ name: String) throws {
    guard models.removeValue(forKey: name) != nil else { throw ServingError.unknownModel(name) }
  }

  func model(_ name: String) throws -> SharedModel {
    guard let model = models[name] else { throw ServingError.unknownModel(name) }
    return model
  }

  /// Queues a query and waits for its answer.
  func answer(to query: PendingQuery) async throws -> QueryAnswer {
    guard pending[query.id] == nil, clients[query.id] == nil else {
      throw ServingError.badRequest("query \(query.id) is there already")
    }
    guard pending.count < Self.mostPending else {
      throw ServingError.badRequest("too many queries wait: try again later")
    }
    let result = await withCheckedContinuation { continuation in
      clients[query.id] = continuation
      pending[query.id] = query
      queue.append(query.id)
      wakeArrivals(of: query.id)
    }
    return try result.get()
  }

  /// The query of that name, or the next in line for `nil`; `nil` when none comes in time.
  func query(_ id: String?, within patience: Duration) async -> PendingQuery? {
    if let query = take(id) { return query }
    lastArrival += 1
    let number = lastArrival
    let alarm = Task {
      try? await Task.sleep(for: patience)
      expire(number)
    }
    defer { alarm.cancel() }
    return await withCheckedContinuation { arrivals[number] = (id, $0) }
  }

  func finish(_ id: String, _ result: Result<QueryAnswer, any Error>) {
    clients.removeValue(forKey: id)?.resume(returning: result)
  }

  /// Fails all queries that wait or run, when the session is gone.
  func failAll(_ error: any Error) {
    queue.removeAll()
    pending.removeAll()
    for (id, client) in clients {
      clients[id] = nil
      client.resume(returning: .failure(error))
    }
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

  private func take(_ id: String?) -> PendingQuery? {
    guard let chosen = id ?? queue.first, let query = pending.removeValue(forKey: chosen) else { return nil }
    queue.removeAll { $0 == chosen }
    return query
  }
}
