import Sharing
import Tensors
import Transports

/// A query that waits at a party, with its share of the input.
struct PendingQuery: Sendable {
  let id: String
  let client: CallerID
  let model: SharedModel
  /// One share.
  let input: HeldShares
  let batch: Int
  /// Names the connection that brought it.
  var caller: UInt64?
  /// How long its client waits, if it says so.
  var patience: Duration?
  /// The client's trace, if it has one.
  var trace: [String: String]?
}

/// What waits for the parties' turn.
enum PendingWork: Sendable {
  case query(PendingQuery)
  case training(PendingTraining)
  case aggregation(PendingAggregation)
}

/// Work that waits at a party, in the order in which it came.
struct WorkQueue {
  private struct Entry {
    let work: PendingWork
    let arrival: ContinuousClock.Instant
    /// Not proposed before, where another party lacked its share.
    var earliest: ContinuousClock.Instant
    var attempts = 0
  }

  private var order: [String] = []
  private var entries: [String: Entry] = [:]
  /// Scalars of inputs that wait.
  private(set) var scalarCount = 0
  private var countsByClient: [CallerID: Int] = [:]

  /// Bounds on what clients can make a party hold.
  static let most = 4096
  static let mostOfOneClient = 512
  static let mostScalars = 1 << 28

  subscript(_ id: String) -> PendingWork? { entries[id]?.work }

  /// - Throws: ``ServingError/busy(_:)``.
  mutating func append(_ work: PendingWork, at now: ContinuousClock.Instant = .now) throws {
    guard entries[work.id] == nil else { throw ServingError.badRequest("request \(work.id) is there already") }
    guard entries.count < Self.most else { throw ServingError.busy("too many requests wait: try again later") }
    if case .query(let query) = work {
      guard countsByClient[query.client] ?? 0 < Self.mostOfOneClient else {
        throw ServingError.busy("\(query.client.name) has too many requests waiting: try again later")
      }
      guard scalarCount + query.scalarCount <= Self.mostScalars else {
        throw ServingError.busy("the requests that wait fill the party's memory: try again later")
      }
      scalarCount += query.scalarCount
      countsByClient[query.client, default: 0] += 1
    }
    entries[work.id] = Entry(work: work, arrival: now, earliest: now)
    order.append(work.id)
  }

  @discardableResult
  mutating func remove(_ id: String) -> PendingWork? {
    guard let entry = entries.removeValue(forKey: id) else { return nil }
    order.removeAll { $0 == id }
    if case .query(let query) = entry.work {
      scalarCount -= query.scalarCount
      countsByClient[query.client, default: 1] -= 1
      if countsByClient[query.client] == 0 { countsByClient[query.client] = nil }
    }
    return entry.work
  }

  mutating func removeAll() {
    (order, entries, scalarCount, countsByClient) = ([], [:], 0, [:])
  }

  /// What may be proposed now, the oldest first, and how often it was proposed before.
  func eligible(at now: ContinuousClock.Instant = .now) -> [(work: PendingWork, attempts: Int)] {
    order.compactMap { id in
      guard let entry = entries[id], entry.earliest <= now else { return nil }
      return (entry.work, entry.attempts)
    }
  }

  /// Queries that came by a connection.
  func queries(of caller: UInt64) -> [String] {
    order.filter { id in
      guard case .query(let query) = entries[id]?.work else { return false }
      return query.caller == caller
    }
  }

  var count: Int { entries.count }

  /// How often it was proposed.
  func attempts(of id: String) -> Int { entries[id]?.attempts ?? 0 }

  /// When something that waits may be proposed again.
  var nextTime: ContinuousClock.Instant? { entries.values.map(\.earliest).min() }

  /// Another party lacks its share: it is proposed again later.
  mutating func postpone(_ id: String, at now: ContinuousClock.Instant = .now) {
    guard let attempts = entries[id]?.attempts else { return }
    entries[id]?.attempts = attempts + 1
    entries[id]?.earliest = now + min(.milliseconds(25 << min(attempts, 5)), .milliseconds(500))
  }

  /// What has waited for longer than that.
  func older(than patience: Duration, at now: ContinuousClock.Instant = .now) -> [String] {
    order.filter { id in entries[id].map { $0.arrival + patience < now } ?? false }
  }

  /// What has waited for longer than that, or than its client does.
  func expired(after patience: Duration, at now: ContinuousClock.Instant = .now) -> [String] {
    order.filter { id in
      guard let entry = entries[id] else { return false }
      var limit = patience
      if case .query(let query) = entry.work { limit = min(limit, query.patience ?? limit) }
      return entry.arrival + limit < now
    }
  }
}

extension PendingQuery {
  fileprivate var scalarCount: Int {
    switch input {
    case .replicated(let shares), .checked(let shares): shares.reduce(0) { $0 + $1.shape.count }
    case .additive(let shares): shares.reduce(0) { $0 + $1.shape.count }
    case .authenticated(let piece): piece.shape.count
    }
  }
}
