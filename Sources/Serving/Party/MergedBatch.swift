import Sharing
import Tensors

/// Queries on one model that run as one: their examples one after the other along the batch's axis.
struct MergedBatch {
  private(set) var queries: [PendingQuery] = []
  private var exampleCount = 0

  /// Scalars of all steps of a program that a run of several queries may hold.
  private static let mostScalars = 1 << 25

  init() {}

  /// Takes a query in, if it can run with those that are there; the first always can.
  mutating func add(_ query: PendingQuery) -> Bool {
    if let first = queries.first {
      guard query.model.key == first.model.key, first.model.mergesQueries,
        first.model.scalarCount <= Self.mostScalars / (exampleCount + query.batch)
      else { return false }
    }
    queries.append(query)
    exampleCount += query.batch
    return true
  }

  /// All inputs as one share, and how many examples there are.
  static func joined(_ queries: [PendingQuery]) throws -> (input: HeldShares, batch: Int) {
    guard queries.count > 1 else { return (queries[0].input, queries[0].batch) }
    let parts = try queries.map { query in
      guard case .replicated(let shares) = query.input, shares.count == 1 else { throw ServingError.malformedMessage }
      return shares[0]
    }
    let share = ReplicatedShare(
      first: .concatenated(parts.map(\.first), axis: 0), second: .concatenated(parts.map(\.second), axis: 0))
    return (.replicated([share]), queries.reduce(0) { $0 + $1.batch })
  }

  /// Each query's part of the answer; of what was sent, the part of its examples.
  static func split(_ answer: QueryAnswer, among queries: [PendingQuery]) -> [QueryAnswer] {
    guard queries.count > 1 else { return [answer] }
    let batch = queries.reduce(0) { $0 + $1.batch }
    var start = 0
    return queries.map { query in
      defer { start += query.batch }
      return QueryAnswer(
        summand: answer.summand.sliced(axis: 0, start..<start + query.batch),
        traffic: Cost(rounds: answer.traffic.rounds, byteCount: answer.traffic.byteCount * query.batch / batch),
        seconds: answer.seconds)
    }
  }
}
