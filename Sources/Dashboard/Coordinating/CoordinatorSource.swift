public import Coordination
import Foundation
import NIOConcurrencyHelpers

/// A coordinator's run, read from its state and its events.
public final class CoordinatorSource: DashboardSource {
  private struct Known {
    var waiting: [String: JobView.Waiting] = [:]
    /// A job's text never changes, and is read once.
    var descriptions: [String: JobDescription] = [:]
    var outcomes: [String: JobOutcome] = [:]
  }

  private let coordinator: Coordinator
  private let known = NIOLockedValueBox(Known())

  public init(_ coordinator: Coordinator) { self.coordinator = coordinator }

  public func jobs() throws -> [JobView] { try coordinator.database.jobs().map(view) }

  public func rounds(of job: String, after round: Int) throws -> [RoundView] {
    try coordinator.database.rounds(of: job, after: round).map(RoundView.init)
  }

  public func workers() -> [WorkerView] {
    coordinator.workers.map(WorkerView.init).sorted { $0.name.localizedStandardCompare($1.name) == .orderedAscending }
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

  /// Who is waited for stands in no state: it is known from the events alone, which come every few seconds.
  private func note(_ event: CoordinatorEvent) {
    known.withLockedValue { known in
      switch event {
      case .waiting(let job, let present, let needed): known.waiting[job] = .init(present: present, needed: needed)
      case .round(let record): known.waiting[record.job] = nil
      case .done(let outcome): known.waiting[outcome.job] = nil
      case .failed(let job, _, _): known.waiting[job] = nil
      case .started, .workersChanged: break
      }
    }
  }

  private func view(_ record: JobRecord) throws -> JobView {
    let outcome = record.status == .done ? try outcome(of: record.id) : nil
    let description = description(of: record, outcome)
    var view = JobView(
      id: record.id, state: JobView.State(record.status), submitter: record.submitter, created: record.created)
    view.failure = record.failure
    view.description = description
    view.waiting = known.withLockedValue { $0.waiting[record.id] }
    view.final = outcome.map { MetricsView($0.metrics) }
    view.rows = outcome.flatMap { $0.rows > 0 ? $0.rows : nil }
    view.seconds = outcome?.seconds
    return view
  }

  private func outcome(of job: String) throws -> JobOutcome? {
    if let outcome = known.withLockedValue({ $0.outcomes[job] }) { return outcome }
    let outcome = try coordinator.database.report(of: job)
    known.withLockedValue {
      $0.outcomes[job] = outcome
      // Written anew, with the model's size.
      $0.descriptions[job] = nil
    }
    return outcome
  }

  private func description(of record: JobRecord, _ outcome: JobOutcome?) -> JobDescription? {
    if let description = known.withLockedValue({ $0.descriptions[record.id] }) { return description }
    let description = JobDescription(jobText: record.text, example: outcome?.example)
    known.withLockedValue { $0.descriptions[record.id] = description }
    return description
  }
}

extension JobView.State {
  init(_ status: JobRecord.Status) {
    self =
      switch status {
      case .waiting: .waiting
      case .running: .running
      case .done: .done
      case .failed: .failed
      case .stopped: .stopped
      }
  }
}

extension RoundView {
  init(_ record: RoundRecord) {
    let contributors = Set(record.contributors)
    self.init(
      round: record.round, asked: record.cohort.count, answered: contributors.count,
      missing: record.cohort.filter { !contributors.contains($0) }, before: MetricsView(record.metrics),
      bytesSent: record.bytesSent, seconds: record.seconds)
  }
}

extension MetricsView {
  init(_ metrics: RoundMetrics) {
    self.init(loss: metrics.loss, accuracy: metrics.accuracy, meanSquaredError: metrics.meanSquaredError)
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
