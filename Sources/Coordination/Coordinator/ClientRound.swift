import Federation
import Links

/// A round in which the coordinator adds clipped updates, and noise to their sum: `unit: client` with `aggregation: open`.
///
/// There is no quorum. A worker that does not answer, or whose update cannot be used, is just not in the sum, which moves the sum by no
/// more than its clipped update; a round in which nobody was asked is a step as any other.
struct ClientRound: Sendable {
  let seats: [WorkerSeat]
  let header: TaskHeader
  let patience: Duration
  let reader: UpdateReader

  /// The sum with the updates of those who answered in time.
  func run(weights: LinkBody, into start: ClientSum) async throws -> ClientSum {
    var sum = start
    try await Gathering(seats: seats, patience: patience).run { _ in
      (.task(header), weights)
    } take: { outcome in
      do {
        let (update, vector) = try reader.update(
          outcome.answer.get(), from: seats[outcome.index].name, round: header.round, attempt: header.number)
        try sum.add(update, isWithin: vector.isWithin ?? false)
      } catch CoordinationError.state(let path, let reason) {
        throw CoordinationError.state(path: path, reason: reason)
      } catch {
        // Nobody is told whose update is missing, or why.
      }
    }
    return sum
  }
}
