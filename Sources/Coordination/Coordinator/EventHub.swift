import NIOConcurrencyHelpers

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
  private struct State {
    var watchers: [Int: AsyncStream<CoordinatorEvent>.Continuation] = [:]
    var next = 0
  }

  private let state = NIOLockedValueBox(State())

  public func events() -> AsyncStream<CoordinatorEvent> {
    AsyncStream(bufferingPolicy: .bufferingNewest(10_000)) { continuation in
      let number = state.withLockedValue { state in
        state.next += 1
        state.watchers[state.next] = continuation
        return state.next
      }
      continuation.onTermination = { [weak self] _ in
        _ = self?.state.withLockedValue { $0.watchers.removeValue(forKey: number) }
      }
    }
  }

  func tell(_ event: CoordinatorEvent) {
    for watcher in state.withLockedValue({ Array($0.watchers.values) }) { watcher.yield(event) }
  }
}
