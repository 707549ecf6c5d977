import Sharing
import Tracing
import Transports

/// One session among the parties: fresh keys, then work one after the other until something breaks.
///
/// Party 0 decides on the order. It proposes what it has shares for; each other party says what it has shares for and nothing
/// against, and what all are ready for runs. Party 0 keeps the session alive while there is nothing to do, so that a party
/// that is gone is noticed.
struct PartySession {
  let channel: any Channel
  let state: PartyState
  /// How long work may lack a share at some party.
  let patience: Duration
  /// How long party 0 lets queries gather.
  let window: Duration

  /// How often the parties hear of each other while idle.
  static let heartbeat = Duration.seconds(5)

  private static let alive: Message = [0]
  private static let proposal: UInt8 = 1

  /// Serves until the channel breaks.
  func serve(with runner: any SessionRunner) async throws {
    try await state.agreeOnCounts(over: channel)
    while !Task.isCancelled {
      if channel.party == 0 { try await lead(runner) } else { try await follow(runner) }
    }
  }

  private func lead(_ runner: any SessionRunner) async throws {
    guard let proposal = await state.propose(within: Self.heartbeat, window: window, patience: patience) else {
      let answers = try await channel.exchange(
        channel.peers.map { Outgoing(Self.alive, to: $0) }, from: channel.peers)
      guard answers.allSatisfy({ $0 == Self.alive }) else { throw ServingError.malformedMessage }
      return
    }
    let message = [Self.proposal] + proposal.message
    let answers = try await channel.exchange(channel.peers.map { Outgoing(message, to: $0) }, from: channel.peers)
    let own = [RunProposal.Verdict](repeating: .ready, count: proposal.entries.count)
    try await run(proposal, own: own, answers, from: channel.peers, runner)
  }

  private func follow(_ runner: any SessionRunner) async throws {
    let message = try await channel.receive(from: 0)
    await state.failUnproposed(patience)
    if message == Self.alive {
      try await channel.send(Self.alive, to: 0)
      return
    }
    guard message.first == Self.proposal else { throw ServingError.malformedMessage }
    let proposal = try RunProposal(message.dropFirst())
    let own = await state.judge(proposal)
    let answer = RunProposal.message(of: own)
    let others = channel.peers.filter { $0 != 0 }
    let answers = try await channel.exchange(channel.peers.map { Outgoing(answer, to: $0) }, from: others)
    try await run(proposal, own: own, answers, from: others, runner)
  }

  private func run(
    _ proposal: RunProposal, own: [RunProposal.Verdict], _ answers: [Message], from peers: [PartyID],
    _ runner: any SessionRunner
  ) async throws {
    var others: [PartyID: [RunProposal.Verdict]] = [:]
    for (peer, answer) in zip(peers, answers) { others[peer] = try proposal.verdicts(in: answer) }
    let works = await state.settle(proposal, own: own, others: others, isLeader: channel.party == 0)
    guard let first = works.first else { return }
    let start = ContinuousClock.now
    switch first {
    case .query:
      try await run(
        works.compactMap { work in
          guard case .query(let query) = work else { return nil }
          return query
        }, runner)
    case .training(let training): try await run(training, runner)
    case .aggregation(let sum): try await run(sum, runner)
    }
    await state.noteRun(from: start)
  }

  private func run(_ sum: PendingAggregation, _ runner: any SessionRunner) async throws {
    do {
      let answer = try await runner.add(sum)
      await state.finishAggregation(sum.id, .success(answer))
    } catch let error as ServingError where !error.endsSession {
      // All parties come to the same refusal, so the session stands.
      await state.finishAggregation(sum.id, .failure(error))
    }
  }

  private func run(_ training: PendingTraining, _ runner: any SessionRunner) async throws {
    guard let reporter = await state.reporter(of: training.id) else { return }
    do {
      try await runner.train(training) { reporter.yield($0) }
      await state.finishTraining(training.id, nil)
    } catch let error as ServingError where !error.endsSession {
      // All parties come to the same refusal, so the session stands.
      await state.finishTraining(training.id, error)
    } catch {
      await state.finishTraining(training.id, ServingError.breaking(error))
      throw error
    }
  }

  private func run(_ queries: [PendingQuery], _ runner: any SessionRunner) async throws {
    let client = await state.client(of: queries[0].id)
    let span = state.observer.beginRun(of: await state.records(of: queries))
    defer { span.end() }
    do {
      let answers = try await runner.run(queries) { client?.yield(.waiting($0)) }
      state.observer.metrics.noteRun(of: queries, answers)
      try await state.count(queries)
      for (query, answer) in zip(queries, answers) { await state.finish(query.id, .success(answer)) }
    } catch let error as ServingError where !error.endsSession {
      // All parties hear of it before they begin, so the session stands. Where it does not, the client is answered when it
      // is over: what the client asks next must find no session that ends.
      await state.release(queries)
      for query in queries { await state.finish(query.id, .failure(error)) }
    }
  }
}
