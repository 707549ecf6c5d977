/// What the dashboard shows: a run as somebody keeps it.
public protocol DashboardSource: Sendable {
  /// All jobs, the oldest first.
  func jobs() async throws -> [JobView]

  /// The completed rounds of a job above a number, in order; none for a job that nobody knows.
  func rounds(of job: String, after round: Int) async throws -> [RoundView]

  /// The workers that have been seen, by name.
  func workers() async -> [WorkerView]

  /// An element whenever something may have changed; ends when there is nothing more to come.
  func changes() -> AsyncStream<Void>
}
