import Sharing
import Transports

/// One session among the parties: fresh keys, then queries one after the other until something breaks.
///
/// Party 0 decides on the order. It announces each query to the others, who wait for their share of it, and keeps the
/// session alive while there is none, so that a party that is gone is noticed.
struct PartySession {
  let channel: any Channel
  let state: PartyState
  /// How long a party waits for a query that was announced.
  let patience: Duration

  /// How often the parties hear of each other while idle.
  static let heartbeat = Duration.seconds(5)

  private enum Announcement {
    static let alive: Message = [0]
    static let query: UInt8 = 1
    static let training: UInt8 = 2
    static let aggregation: UInt8 = 3

    static let works = [query, training, aggregation]
  }

  /// Serves until the channel breaks.
  func serve(with runner: any SessionRunner) async throws {
    while !Task.isCancelled {
      if channel.party == 0 { try await lead(runner) } else { try await follow(runner) }
    }
  }

  private func lead(_ runner: any SessionRunner) async throws {
    guard let work = await state.work(nil, within: Self.heartbeat) else {
      let answers = try await channel.exchange(
        channel.peers.map { Outgoing(Announcement.alive, to: $0) }, from: channel.peers)
      guard answers.allSatisfy({ $0 == Announcement.alive }) else { throw ServingError.malformedMessage }
      return
    }
    let announcement =
      switch work {
      case .query(let query): [Announcement.query] + Array(query.id.utf8)
      case .training(let training): [Announcement.training] + Array(training.id.utf8)
      case .aggregation(let sum): [Announcement.aggregation] + Array(sum.id.utf8)
      }
    for peer in channel.peers { try await channel.send(announcement, to: peer) }
    try await run(work, runner)
  }

  private func follow(_ runner: any SessionRunner) async throws {
    let announcement = try await channel.receive(from: 0)
    if announcement == Announcement.alive {
      try await channel.send(Announcement.alive, to: 0)
      return
    }
    guard let kind = announcement.first, Announcement.works.contains(kind),
      let id = String(validating: announcement.dropFirst(), as: UTF8.self)
    else { throw ServingError.malformedMessage }
    guard let work = await state.work(id, within: patience) else { throw ServingError.queryMissing(id: id) }
    try await run(work, runner)
  }

  private func run(_ work: PendingWork, _ runner: any SessionRunner) async throws {
    switch work {
    case .query(let query): try await run(query, runner)
    case .training(let training): try await run(training, runner)
    case .aggregation(let sum): try await run(sum, runner)
    }
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
      await state.finishTraining(training.id, ServingError.sessionBroken("\(error)"))
      throw error
    }
  }

  private func run(_ query: PendingQuery, _ runner: any SessionRunner) async throws {
    let client = await state.client(of: query.id)
    do {
      let answer = try await runner.run(query) { client?.yield(.waiting($0)) }
      await state.finish(query.id, .success(answer))
    } catch let error as ServingError where !error.endsSession {
      // All parties hear of it before they begin, so the session stands. Where it does not, the client is answered when it
      // is over: what the client asks next must find no session that ends.
      await state.finish(query.id, .failure(error))
    }
  }
}
