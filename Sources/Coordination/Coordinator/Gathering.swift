import Links

/// Asks a cohort and takes in the answers until all are there or the time is over.
struct Gathering: Sendable {
  let seats: [WorkerSeat]
  let patience: Duration

  /// An answer, or why there is none.
  typealias Outcome = (index: Int, answer: WorkerSeat.Outcome)

  /// Calls `take` with each answer as it comes, in any order.
  ///
  /// - Parameter meanwhile: called once all have been asked.
  func run(
    _ question: (Int) -> (message: CoordinatorMessage, body: LinkBody)?, meanwhile: () throws -> Void = {},
    take: (Outcome) throws -> Void
  ) async throws {
    let (outcomes, entry) = AsyncStream.makeStream(of: Outcome.self)
    var asked: [(seat: WorkerSeat, number: Int)] = []
    // Of those that have answered nothing is left to abandon.
    defer { for (seat, number) in asked { seat.abandon(number) } }
    var awaited = 0
    for (index, seat) in seats.enumerated() {
      guard let (message, body) = question(index) else { continue }
      awaited += 1
      do {
        let number = try seat.put(message, body: body, within: patience) { entry.yield((index, $0)) }
        asked.append((seat, number))
      } catch let error as CoordinationError {
        entry.yield((index, .failure(error)))
      }
    }
    // Where this is the connections' own thread, it sends what it was given as soon as nothing else is to be done.
    await Task.yield()
    try meanwhile()
    var arrivals = outcomes.makeAsyncIterator()
    while awaited > 0 {
      // Where all is being closed, workers that are gone are no answer.
      guard let outcome = await arrivals.next(), !Task.isCancelled else { throw CancellationError() }
      awaited -= 1
      try take(outcome)
    }
  }
}
