import Federation
import Foundation
import Learning
import Links

/// Training in which workers do not wait for each other: whoever is free trains on the newest model, and the server makes a step
/// as soon as its buffer is full.
///
/// A step counts as a round. An update is weighted by its examples, and shrunk by `1 / √(1 + τ)` where the server has made τ steps since
/// the model that it was computed on; one that comes late counts in a later step. Each worker trains on a model once. What is in
/// the buffer is in the state, so that a coordinator that is started again goes on with it.
///
/// - Source: J. Nguyen et al., *Federated Learning with Buffered Asynchronous Aggregation*, AISTATS 2022, algorithm 1.
struct AsynchronousTraining: Sendable {
  let run: FederatedRun
  let enrolment: Enrolment
  let zero: RoundZero.Result
  let training: FederatedTraining
  let capacity: Int

  private enum News: Sendable {
    /// Somebody has come or gone; `false` where nothing has happened for the deadline.
    case registry(Bool)
    case answer(from: String, header: TaskHeader, Result<WorkerSeat.Answer, CoordinationError>)
  }

  private var patience: Duration { .seconds(run.federated.deadlineSeconds) }

  /// Goes on until all rounds are done.
  ///
  /// - Throws: ``CoordinationError/tooFewWorkers(round:answered:needed:reasons:)`` where no update comes within the deadline.
  func run(from start: FederatedTraining.State) async throws -> FederatedTraining.State {
    var steps = try BufferedSteps(self, start)
    try await withThrowingTaskGroup(of: News.self) { group in
      defer { group.cancelAll() }
      var busy: Set<String> = []
      var last = ContinuousClock.now
      watch(in: &group)
      while steps.state.round < run.federated.rounds {
        if try run.database.job(run.record.id).stopRequested {
          throw CoordinationError.stopped(job: run.record.id, round: steps.state.round)
        }
        if await enrolment.ask(.some(zero.preprocessing)) {
          try run.database.setAgreedRoster(enrolment.roster, of: run.record.id)
        }
        for seat in free(busy, steps) {
          let header = try steps.ask(seat.name)
          let weights = LinkBody.floats(steps.state.weights)
          busy.insert(seat.name)
          group.addTask { try await ask(seat, header, weights) }
        }
        switch try await group.next() {
        case .registry(let hasChanged)?:
          guard hasChanged || ContinuousClock.now - last < patience else { throw steps.failure }
          watch(in: &group)
        case .answer(let name, let header, let result)?:
          busy.remove(name)
          if try steps.take(result, from: name, header) { last = .now }
        case nil: return
        }
      }
    }
    return steps.state
  }

  /// Workers that can be asked now, in the order of their names.
  private func free(_ busy: Set<String>, _ steps: BufferedSteps) -> [WorkerSeat] {
    let limit = run.federated.cohort.count(of: enrolment.roster.count)
    let free = run.registry.seats.filter { seat in
      enrolment.isReady(seat) && !busy.contains(seat.name) && steps.wants(seat.name)
    }
    return Array(free.prefix(max(0, limit - busy.count)))
  }

  private func ask(_ seat: WorkerSeat, _ header: TaskHeader, _ weights: LinkBody) async throws -> News {
    do {
      let answer = try await seat.ask(.task(header), body: weights, within: .seconds(30 * 86_400))
      return .answer(from: seat.name, header: header, .success(answer))
    } catch let error as CoordinationError { return .answer(from: seat.name, header: header, .failure(error)) }
  }

  /// Has the group tell when somebody has come or gone since now.
  private func watch(in group: inout ThrowingTaskGroup<News, any Error>) {
    let known = run.registry.generations
    group.addTask { .registry(await run.registry.wait(within: patience, forOthersThan: known)) }
  }
}
