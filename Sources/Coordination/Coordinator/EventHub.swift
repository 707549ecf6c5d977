/// What happens at a coordinator, for those who watch.
public enum CoordinatorEvent: Sendable {
  case waiting(job: String, present: [String], needed: Int)
  case started(job: String)
  /// A round could not be finished and is tried again.
  case delayed(job: String, reason: String)
  case round(RoundRecord)
  case done(JobOutcome)
  case failed(job: String, reason: String, exitCode: Int)
  case workersChanged
}

extension CoordinatorEvent {
  /// The job it is about.
  var job: String? {
    switch self {
    case .waiting(let job, _, _), .started(let job), .delayed(let job, _), .failed(let job, _, _): job
    case .round(let record): record.job
    case .done(let outcome): outcome.job
    case .workersChanged: nil
    }
  }
}

/// Tells every watcher what happens, from when it began to watch.
public final class EventHub: Sendable {
  private let watchers = Watchers<CoordinatorEvent>()

  public func events() -> AsyncStream<CoordinatorEvent> { watchers.news(keeping: 10_000) }

  /// Of one job, for a watcher that looks now and then.
  func batches(of job: String) -> Batches<CoordinatorEvent> { watchers.batches(keeping: 10_000) { $0.job == job } }

  func tell(_ event: CoordinatorEvent) { watchers.tell(event) }
}
