public import Coordination
import Foundation
import NIOConcurrencyHelpers

/// A coordinator's run, read from its state and its events.
public final class CoordinatorSource: DashboardSource {
  private let coordinator: Coordinator
  private let views: RunViews
  /// Who is waited for stands in no state: it is known from the events alone, which come every few seconds.
  private let waiting = NIOLockedValueBox<[String: JobView.Waiting]>([:])

  public init(_ coordinator: Coordinator) {
    self.coordinator = coordinator
    views = RunViews(coordinator.database)
  }

  public func jobs() throws -> [JobView] {
    let waiting = waiting.withLockedValue { $0 }
    return try views.jobs().map { job in
      var job = job
      job.waiting = waiting[job.id]
      return job
    }
  }

  public func rounds(of job: String, after round: Int) throws -> [RoundView] { try views.rounds(of: job, after: round) }

  public func workers() -> [WorkerView] {
    coordinator.workers.map { WorkerView($0) }.sorted { $0.name.localizedStandardCompare($1.name) == .orderedAscending }
  }

  public func changes() -> AsyncStream<Void> {
    let (changes, change) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let events = coordinator.events.events()
    let listening = Task {
      for await event in events {
        note(event)
        change.yield()
      }
      change.finish()
    }
    change.onTermination = { _ in listening.cancel() }
    return changes
  }

  private func note(_ event: CoordinatorEvent) {
    waiting.withLockedValue { waiting in
      switch event {
      case .waiting(let job, let present, let needed): waiting[job] = .init(present: present, needed: needed)
      case .round(let record): waiting[record.job] = nil
      case .done(let outcome): waiting[outcome.job] = nil
      case .failed(let job, _, _): waiting[job] = nil
      case .started, .delayed, .workersChanged: break
      }
    }
  }
}

extension WorkerView {
  init(_ status: WorkerStatus) {
    let state: State =
      switch status.condition {
      case .idle: .idle
      case .busy: .busy
      case .offline: .offline
      }
    self.init(
      name: status.name, state: state, latencySeconds: status.latencySeconds, bytesSent: status.bytesSent,
      bytesReceived: status.bytesReceived)
  }
}
