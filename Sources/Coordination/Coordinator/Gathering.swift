import Links

/// Asks a cohort and takes in the answers until all are there or the time is over.
struct Gathering: Sendable {
  let seats: [WorkerSeat]
  let patience: Duration

  /// An answer, or why there is none.
  typealias Outcome = (index: Int, answer: Result<WorkerSeat.Answer, CoordinationError>)

  /// Calls `take` with each answer as it comes, in any order.
  func run(
    _ question: @escaping @Sendable (Int) -> (message: CoordinatorMessage, body: LinkBody)?,
    take: (Outcome) throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Outcome.self) { group in
      for (index, seat) in seats.enumerated() {
        guard let (message, body) = question(index) else { continue }
        group.addTask {
          do {
            return (index, .success(try await seat.ask(message, body: body, within: patience)))
          } catch let error as CoordinationError {
            return (index, .failure(error))
          }
        }
      }
      for try await outcome in group { try take(outcome) }
    }
  }
}
