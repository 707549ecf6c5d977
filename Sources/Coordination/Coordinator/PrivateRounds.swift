import Federation
import Foundation
import Learning
import Links
import Privacy

/// The rounds of a training that hides each worker.
///
/// What is told of a round is its number and the model. Under `aggregation: open` the cohort is drawn by coins of the operating
/// system's generator and told nobody, since ε counts on that.
struct PrivateRounds: Sendable {
  let run: FederatedRun
  let enrolment: Enrolment
  let asked: AskedQuestion
  let privacy: ClientPrivacy
  let strategy: any AveragingStrategy
  let reader: UpdateReader

  private var federated: Job.FederatedPart { run.federated }
  private var patience: Duration { .seconds(federated.deadlineSeconds) }

  /// One attempt at the round after a state, and what is to be committed of it.
  ///
  /// An attempt that may have released something stays in the state whatever happens, and counts.
  func step(
    after state: FederatedTraining.State, _ attempt: Int
  ) async throws -> (next: FederatedTraining.State, record: RoundRecord, reservation: Int?) {
    let start = ContinuousClock.now
    let round = state.round + 1
    try await waitForWorkers(round)
    let number = try run.database.newAttempt(job: run.record.id, round: round)
    let isAgain = try run.database.attempts(of: run.record.id, in: round...round) > 1
    let reservation = isAgain ? try run.budget?.reserve(privacy.event, again: round) : nil
    var next = FederatedTraining.State(round: round, weights: [], server: state.server)
    var record = RoundRecord(
      job: run.record.id, round: round, attempt: number, cohort: [], contributors: [], metrics: RoundMetrics(),
      bytesSent: 0, seconds: 0)
    switch privacy.source {
    case .server: next.weights = try await openStep(number, state, &next.server)
    case .workers: next.weights = try await hiddenStep(number, attempt, state, &next.server, &record)
    }
    record.seconds = (ContinuousClock.now - start) / .seconds(1)
    return (next, record, reservation)
  }

  /// No round begins with fewer workers than the job's smallest number; whether they are there is no secret.
  private func waitForWorkers(_ round: Int) async throws {
    let (least, roster) = (federated.minimumClients, Set(enrolment.roster))
    @Sendable func present(_ seats: [WorkerSeat]) -> Int { seats.count { roster.contains($0.name) && $0.isOnline } }
    guard await run.registry.wait(within: patience, until: { seats in present(seats) >= least }) else {
      throw CoordinationError.tooFewWorkers(
        round: round, answered: present(run.registry.seats), needed: least, reasons: [])
    }
  }

  private func openStep(
    _ number: Int, _ state: FederatedTraining.State, _ server: inout ServerState
  ) async throws -> [Float] {
    let roster = enrolment.roster
    let cohort = try PoissonSampler(rows: roster.count, rate: privacy.sampler.rate).draw().map { roster[$0] }
    let sum = try ClientSum(privacy, state: state.server)
    let header = TaskHeader(number: number, kind: .train, round: state.round + 1, hiding: nil, clip: sum.grid.clip)
    let filled = try await ClientRound(
      seats: run.registry.seats(of: cohort), header: header, patience: patience, reader: reader
    ).run(weights: .floats(state.weights), into: sum)
    return try filled.step(strategy, from: state.weights, state: &server)
  }

  private func hiddenStep(
    _ number: Int, _ attempt: Int, _ state: FederatedTraining.State, _ server: inout ServerState,
    _ record: inout RoundRecord
  ) async throws -> [Float] {
    let cohort = federated.cohort.sample(
      from: enrolment.roster, round: state.round + 1, attempt: attempt, seed: run.job.training.seed)
    let grid = try ClientGrid(privacy, clip: state.server.clip(privacy))
    let plan = try HidingPlan.noised(
      grid, minimumClients: max(federated.leastContributors, federated.needed(of: cohort.count)))
    let header = TaskHeader(number: number, kind: .train, round: state.round + 1, hiding: plan, clip: grid.clip)
    let sums = SumRound(
      seats: run.registry.seats(of: cohort), asked: asked, patience: patience, recorder: run.recorder,
      federated: federated,
      opener: run.opener, parties: run.parties)
    let result: SumRound.Result
    do {
      result = try await sums.run(header, body: .floats(state.weights), count: plan.count)
    } catch let error as CoordinationError {
      // Of too few updates nothing was opened, so nothing was spent.
      if case .tooFewWorkers = error { try run.database.forgetAttempt(number) }
      throw error
    }
    (record.cohort, record.contributors) = (cohort, result.contributors.map { cohort[$0] })
    record.bytesSent = result.byteCount
    return try ClientSum.step(
      result.segments.flatMap { $0.map { Int($0.rounded()) } }, on: grid, privacy, strategy, from: state.weights,
      state: &server)
  }
}

extension HidingPlan {
  /// Of clipped updates on a grid, with noise. The range follows from both, so that nothing wraps.
  ///
  /// - Throws: ``CoordinationError/setting(_:reason:)`` where the noise is too small for the grid's words.
  static func noised(_ grid: ClientGrid, minimumClients: Int) throws(CoordinationError) -> HidingPlan {
    let largest = (grid.largest + WorkerNoise.largest).rounded(.up)
    guard largest < 0x1p40 else {
      throw .setting("privacy.noiseMultiplier", reason: "is too small for an aggregation that hides updates: raise it")
    }
    let bits = Int.bitWidth - Int(largest).leadingZeroBitCount + 1
    // The bound is the range of the words itself, so that values are whole numbers of steps.
    let bound = Double((UInt64(1) << UInt64(bits - 1)) - 1)
    return HidingPlan(
      segments: [.init(what: "an update with its noise", count: grid.length, bound: bound)], bits: bits,
      minimumClients: minimumClients)
  }
}
