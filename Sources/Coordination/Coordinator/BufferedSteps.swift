import Federation
import Foundation
import Learning
import Links

/// The server's half of an asynchronous training: the model, the buffer, and who has trained on the model.
struct BufferedSteps {
  private(set) var state: FederatedTraining.State
  private let run: FederatedRun
  private let training: FederatedTraining
  private let reader: UpdateReader
  private var buffer: UpdateBuffer
  /// Of the step that the buffer is for.
  private var cohort: Set<String> = []
  private var contributors: [String] = []
  private var judged = Judgement()
  private var byteCount = 0
  private var reasons: [String] = []
  private var start = ContinuousClock.now

  /// Begins with what the state has of the buffer.
  init(_ asynchronous: AsynchronousTraining, _ state: FederatedTraining.State) throws {
    run = asynchronous.run
    training = asynchronous.training
    self.state = state
    guard case .averaging(let strategy) = training.strategy else { preconditionFailure("checked by the job") }
    buffer = UpdateBuffer(capacity: asynchronous.capacity, count: training.layout.count, strategy: strategy)
    reader = training.reader
    for kept in try run.database.buffered(of: run.record.id) { try add(kept) }
  }

  /// Whether a worker has not been asked to train on the present model yet.
  func wants(_ worker: String) -> Bool { !cohort.contains(worker) }

  /// The task for a worker on the present model.
  mutating func ask(_ worker: String) throws -> TaskHeader {
    cohort.insert(worker)
    byteCount += 4 * state.weights.count
    return TaskHeader(
      number: try run.database.newAttempt(job: run.record.id, round: state.round + 1), kind: .train,
      round: state.round + 1, hiding: nil)
  }

  /// Takes in an answer, and makes a step where the buffer is full; whether it was an update.
  mutating func take(
    _ result: Result<WorkerSeat.Answer, CoordinationError>, from worker: String, _ header: TaskHeader
  ) throws -> Bool {
    let answer: WorkerSeat.Answer
    do { answer = try result.get() } catch {
      if case .gone = error { cohort.remove(worker) }
      reasons.append("\(error)")
      return false
    }
    do {
      let (update, vector) = try reader.update(answer, from: worker, round: header.round, attempt: header.number)
      let kept = BufferedUpdate(
        worker: worker, attempt: header.number, round: header.round, update: update, header: vector)
      try add(kept)
      byteCount += answer.body.byteCount
      try run.database.keep(kept, of: run.record.id)
    } catch CoordinationError.state(let path, let reason) {
      throw CoordinationError.state(path: path, reason: reason)
    } catch {
      // An update that cannot be used is left out, as one that never came.
      reasons.append(error is CoordinationError ? "\(error)" : "\(worker): \(error)")
      return false
    }
    if buffer.isFull { try step(header.number) }
    return true
  }

  private mutating func add(_ kept: BufferedUpdate) throws {
    try buffer.add(kept.update, staleness: state.round + 1 - kept.round)
    contributors.append(kept.worker)
    if kept.round == state.round + 1 { cohort.insert(kept.worker) }
    judged.add(kept.header.judged)
  }

  private mutating func step(_ attempt: Int) throws {
    state.weights = try buffer.step(state.weights, state: &state.server)
    state.round += 1
    let record = RoundRecord(
      job: run.record.id, round: state.round, attempt: attempt, cohort: cohort.union(contributors).sorted(),
      contributors: contributors, metrics: judged.metrics(isNumeric: training.isNumeric), bytesSent: byteCount,
      seconds: (ContinuousClock.now - start) / .seconds(1))
    try run.database.commit([
      CompletedRound(record: record, model: state.weights, strategy: try training.stored(state.server))
    ])
    run.events.tell(.round(record))
    (cohort, contributors, judged, byteCount, reasons, start) = ([], [], Judgement(), 0, [], .now)
  }

  /// That no update came in time.
  var failure: CoordinationError {
    .tooFewWorkers(
      round: state.round + 1, answered: buffer.updateCount, needed: buffer.capacity, reasons: reasons)
  }
}
