import Dashboard
import Foundation
import NIOConcurrencyHelpers

/// A run that goes as a test says: jobs, rounds and workers in memory.
final class FakeRun: DashboardSource {
  struct Unreadable: Error {}

  struct State {
    var jobs: [JobView] = []
    var rounds: [String: [RoundView]] = [:]
    var workers: [WorkerView] = []
    var isUnreadable = false
    var watchers: [AsyncStream<Void>.Continuation] = []
    var isOver = false
  }

  /// An element for each watcher that begins to watch.
  let arrivals: AsyncStream<Void>
  private let arrival: AsyncStream<Void>.Continuation

  private let state = NIOLockedValueBox(State())

  init() { (arrivals, arrival) = AsyncStream.makeStream(of: Void.self) }

  func jobs() throws -> [JobView] {
    try state.withLockedValue {
      if $0.isUnreadable { throw Unreadable() }
      return $0.jobs
    }
  }

  func rounds(of job: String, after round: Int) -> [RoundView] {
    state.withLockedValue { ($0.rounds[job] ?? []).filter { $0.round > round } }
  }

  func workers() -> [WorkerView] { state.withLockedValue { $0.workers } }

  func changes() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let isOver = state.withLockedValue { state in
      state.watchers.append(continuation)
      return state.isOver
    }
    if isOver { continuation.finish() }
    arrival.yield()
    return stream
  }

  /// Changes what there is and tells the watchers.
  func change(_ body: (inout State) -> Void) {
    let watchers = state.withLockedValue { state in
      body(&state)
      return state.watchers
    }
    for watcher in watchers { watcher.yield() }
  }

  /// Nothing more will come.
  func end() {
    change { $0.isOver = true }
    for watcher in state.withLockedValue({ $0.watchers }) { watcher.finish() }
  }
}

extension FakeRun {
  /// A job of three banks with some of its rounds behind it.
  static func credit(rounds: Int, of planned: Int = 40, state: JobView.State = .running) -> FakeRun {
    let run = FakeRun()
    run.change { content in
      var job = JobView(id: "7f3a91c2", state: state, submitter: "credit-office", created: 1_795_286_400)
      job.description = .credit(rounds: planned)
      if state == .done { (job.final, job.rows, job.seconds) = (metrics(rounds + 1), 12_000, Double(rounds) * 0.52) }
      content.jobs = [job]
      content.rounds[job.id] = rounds == 0 ? [] : (1...rounds).map(round)
      content.workers = ["bank-a", "bank-b", "bank-c"].enumerated().map { index, name in
        WorkerView(
          name: name, state: state != .running ? .idle : index == 1 ? .busy : .idle,
          latencySeconds: rounds == 0 ? nil : 0.38 + 0.05 * Double(index), bytesSent: rounds * 61_400,
          bytesReceived: rounds * 40_960)
      }
    }
    return run
  }

  /// Loss and accuracy of a training that goes well; deterministic.
  static func metrics(_ round: Int) -> MetricsView {
    let progress = exp(-Double(round - 1) / 7)
    let wiggle = sin(Double(round) * 2.3) * 0.008
    return MetricsView(loss: 0.31 + 0.40 * progress + wiggle, accuracy: 0.884 - 0.36 * progress - wiggle / 2)
  }

  static func round(_ number: Int) -> RoundView {
    let isShort = number % 9 == 4
    return RoundView(
      round: number, asked: 3, answered: isShort ? 2 : 3, missing: isShort ? ["bank-c"] : [], before: metrics(number),
      bytesSent: 307_200 - (isShort ? 81_000 : 0), seconds: 0.52 + 0.1 * sin(Double(number) * 1.7) + (isShort ? 0.4 : 0)
    )
  }
}

extension JobDescription {
  static func credit(rounds: Int) -> JobDescription {
    JobDescription(
      title: "Credit applications", strategy: "fedAvg",
      aggregation: AggregationView(
        name: "masked", hidesUpdates: true,
        summary: "Each update is covered by masks that cancel only in the sum of all.",
        roles: [
          .init(role: "coordinator", learns: "the sum of all updates, and who took part"),
          .init(role: "worker", learns: "the model of each round, and nothing of other workers’ updates"),
          .init(role: "job’s owner", learns: "the last model and the mean figures of each round"),
        ]),
      layers: [
        LayerView(name: "dense1", detail: "23 → 64"), LayerView(name: "relu1", detail: "64"),
        LayerView(name: "dense2", detail: "64 → 32"), LayerView(name: "relu2", detail: "32"),
        LayerView(name: "dense3", detail: "32 → 1"),
      ], parameterCount: 3649, plannedRounds: rounds)
  }
}
