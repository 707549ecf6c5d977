import Coordination
import NIOConcurrencyHelpers

/// What a run's state says, in the words of the page.
final class RunViews: Sendable {
  private struct Known {
    /// A job's text never changes, and is read once.
    var descriptions: [String: JobDescription] = [:]
    var outcomes: [String: JobOutcome] = [:]
  }

  private let database: RunDatabase
  private let known = NIOLockedValueBox(Known())

  init(_ database: RunDatabase) { self.database = database }

  func jobs() throws -> [JobView] { try database.jobs().map(view) }

  func job(_ id: String) throws -> JobView { try view(database.job(id)) }

  func rounds(of job: String, after round: Int) throws -> [RoundView] {
    try database.rounds(of: job, after: round).map { RoundView($0) }
  }

  private func view(_ record: JobRecord) throws -> JobView {
    let outcome = record.status == .done ? try outcome(of: record.id) : nil
    var view = JobView(
      id: record.id, state: JobView.State(record.status), submitter: record.submitter, created: record.created)
    view.failure = record.failure
    view.description = description(of: record, outcome)
    view.final = outcome.map { MetricsView($0.metrics) }
    view.rows = outcome.flatMap { $0.rows > 0 ? $0.rows : nil }
    view.seconds = outcome?.seconds
    return view
  }

  private func outcome(of job: String) throws -> JobOutcome? {
    if let outcome = known.withLockedValue({ $0.outcomes[job] }) { return outcome }
    let outcome = try database.report(of: job)
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
