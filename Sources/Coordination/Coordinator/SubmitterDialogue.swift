import Foundation
import Links
import Transports

/// One job's owner at a coordinator: takes its job, then tells how it goes.
struct SubmitterDialogue: Sendable {
  let link: any Link
  let coordinator: Coordinator

  /// How long rounds may wait to be told together: a message for each would cost more than a small round.
  private static let pause = Duration.milliseconds(20)
  /// Names of workers in a message of several rounds.
  private static let workersAMessage = 1000

  func run() async {
    do {
      let message = try await link.receive(within: .seconds(60))
      let request: SubmitterMessage = try MessageCoding.header(of: message, from: link.peer.name)
      let job: String
      let events: Batches<CoordinatorEvent>
      switch request {
      case .submit(let id, let text, let seed, let workers):
        job = id
        events = coordinator.events.batches(of: id)
        try await coordinator.submit(
          id, text, seed: seed, first: try Self.weights(in: message.body, of: link.peer.name), workers: workers,
          by: link.peer.name)
      case .shareRows(let request):
        let counts = try await RowGathering(request, registry: coordinator.registry).run()
        return try await send(.rowsShared(rows: counts.map(\.rows), testRows: counts.map(\.testRows)))
      }
      try await send(.accepted(job: job))
      // The state first: what ends after it was read is among the events, behind the last rounds.
      let record = try coordinator.database.job(job)
      try await tell(try coordinator.database.rounds(of: job))
      if try await tellEnd(of: record) { return }
      while true {
        let news = await events.next()
        if news.isEmpty { return }
        if try await tell(news) { return }
        try await Task.sleep(for: Self.pause)
      }
    } catch {
      let code = (error as? CoordinationError)?.exitCode ?? 2
      try? await send(.failed(reason: "\(error)", exitCode: code))
    }
  }

  private static func weights(in body: LinkBody, of submitter: String) throws(CoordinationError) -> [Float]? {
    switch body {
    case .none: return nil
    case .floats(let weights):
      guard weights.allSatisfy(\.isFinite) else {
        throw .setting("model.weights", reason: "holds what is no finite number: begin with another model")
      }
      return weights
    default: throw .malformedMessage(from: submitter)
    }
  }

  /// The end, if there has been one; whether the job is over.
  private func tellEnd(of record: JobRecord) async throws -> Bool {
    switch record.status {
    case .waiting, .running: return false
    case .failed, .stopped:
      try await send(.failed(reason: record.failure ?? "it was stopped", exitCode: record.exitCode ?? 1))
      return true
    case .done:
      guard let (outcome, model) = try coordinator.database.outcome(of: record.id) else { return false }
      try await send(.done(outcome), body: .floats(model))
      return true
    }
  }

  /// Tells what has happened, rounds that follow each other in one message; whether the job is over.
  private func tell(_ news: [CoordinatorEvent]) async throws -> Bool {
    var rounds: [RoundRecord] = []
    for event in news {
      if case .round(let record) = event {
        rounds.append(record)
        continue
      }
      try await tell(rounds)
      rounds = []
      if try await tell(event) { return true }
    }
    try await tell(rounds)
    return false
  }

  /// A message has one round, or several with few workers in all, since its header may not be large.
  private func tell(_ rounds: [RoundRecord]) async throws {
    var rest = rounds[...]
    while !rest.isEmpty {
      var workerCount = 0
      let fitting = rest.prefix { round in
        workerCount += round.cohort.count + round.contributors.count + 1
        return workerCount <= Self.workersAMessage
      }
      let message = fitting.isEmpty ? rest.prefix(1) : fitting
      try await send(.rounds(Array(message)))
      rest = rest.dropFirst(message.count)
    }
  }

  private func tell(_ event: CoordinatorEvent) async throws -> Bool {
    switch event {
    case .waiting(_, let present, let needed): try await send(.waiting(present: present, needed: needed))
    case .round(let record): try await tell([record])
    case .failed(_, let reason, let code):
      try await send(.failed(reason: reason, exitCode: code))
      return true
    case .done(let outcome):
      guard let (_, model) = try coordinator.database.outcome(of: outcome.job) else { return true }
      try await send(.done(outcome), body: .floats(model))
      return true
    case .delayed(_, let reason): try await send(.delayed(reason: reason))
    case .started, .workersChanged: break
    }
    return false
  }

  private func send(_ reply: SubmitterReply, body: LinkBody = .none) async throws {
    try await link.send(try MessageCoding.message(reply, body: body))
  }
}
