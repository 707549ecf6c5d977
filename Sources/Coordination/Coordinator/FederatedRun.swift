import Arithmetic
import Datasets
import Federation
import Foundation
import Learning
import Links
import Paillier
import Serving
import Tensors

/// The rounds of one job, from the last completed one on.
struct FederatedRun: Sendable {
  let record: JobRecord
  let job: Job
  let federated: Job.FederatedPart
  let registry: WorkerRegistry
  let database: RunDatabase
  let recorder: RunRecorder?
  let events: EventHub
  /// Opens sums under the job's aggregation, where it is paillier.
  let opener: SumOpener?
  /// Adds up shares, where it is shared.
  let parties: SharedParties?
  /// What the job's privacy is taken from, where the coordinator keeps a ledger.
  let budget: RunBudget?
  /// In place of the server's part of the job's strategy.
  let averaging: (any AveragingStrategy)?

  /// How often a round is tried before the job fails, and how often besides where its parties fail.
  private static let attempts = 3
  private static let partyFailures = 20
  /// How long a job waits for its workers to connect, or for parties that are gone.
  private static let enrolmentPatience = Duration.seconds(600)

  init(
    _ record: JobRecord, registry: WorkerRegistry, keyHolders: KeyHolders?, cluster: (any AggregationCluster)?,
    database: RunDatabase, recorder: RunRecorder?, events: EventHub, budget: PrivacyBudgetSource? = nil,
    averaging: (any AveragingStrategy)? = nil
  ) throws {
    var job = try Job.parse(record.text)
    job.training.seed = UInt64(bitPattern: record.seed)
    guard let federated = job.federated else {
      throw CoordinationError.setting("mode", reason: "must be federated for a coordinator")
    }
    self.record = record
    self.job = job
    self.federated = federated
    self.registry = registry
    self.database = database
    self.recorder = recorder
    self.events = events
    self.averaging = averaging
    self.budget = budget.map { [job] in RunBudget($0, job: record.id, dataset: job.datasetName) }
    if federated.aggregation == .shared {
      guard let cluster else { throw SharedParties.missing }
      parties = SharedParties(cluster: cluster, job: record.id)
    } else {
      parties = nil
    }
    guard federated.aggregation == .paillier else {
      opener = nil
      return
    }
    guard let keyHolders else { throw SumOpener.missing }
    opener = SumOpener(holders: keyHolders, job: record.id, recorder: recorder)
  }

  private var deadline: Duration { .seconds(federated.deadlineSeconds) }

  func run() async throws -> JobOutcome {
    let enrolment = Enrolment(
      JobOffer(
        job: record.id, text: record.text, seed: job.training.seed, workers: record.workers,
        paillierKey: opener.map { Hexadecimal.text($0.holders.key.publicKey.fingerprint) },
        parties: parties.map { $0.cluster.fingerprints.map(Hexadecimal.text) }),
      roster: try database.agreedRoster(of: record.id), registry: registry, deadline: deadline)
    try await gather(enrolment)
    let start = ContinuousClock.now
    let zero = try await tryRepeatedly(0, enrolment, nil) { _ in try await RoundZero(self, enrolment).run() }
    let training = try FederatedTraining(self, enrolment, zero)
    let reservation = try training.reserve()
    var state = try training.state()
    if let capacity = federated.buffer {
      state = try await tryRepeatedly(state.round + 1, enrolment, .some(zero.preprocessing)) { _ in
        try await AsynchronousTraining(
          run: self, enrolment: enrolment, zero: zero, training: training, capacity: capacity
        ).run(from: try training.state())
      }
    }
    // A thread that is woken for each answer costs more than a small round.
    let executor = training.isQuick ? registry.executor : nil
    state = try await withTaskExecutorPreference(executor) { [state] in
      try await finish(training, from: state, enrolment, zero, onConnections: executor != nil)
    }
    let judged = try await tryRepeatedly(federated.rounds + 1, enrolment, .some(zero.preprocessing)) {
      try await training.judge(state, $0)
    }
    let rounds = try database.rounds(of: record.id)
    if let reservation { try budget?.commit(reservation) }
    let outcome = JobOutcome(
      job: record.id, preprocessing: zero.preprocessing, rows: zero.rows, testRows: judged.rows,
      example: zero.example.extents, metrics: judged.metrics(isNumeric: training.isNumeric), workers: enrolment.roster,
      bytesSent: rounds.reduce(0) { $0 + $1.bytesSent }, seconds: (ContinuousClock.now - start) / .seconds(1),
      privacy: try training.spent())
    try database.finish(outcome)
    for seat in registry.seats { await seat.tell(.finished(job: record.id, failure: nil)) }
    return outcome
  }

  /// Does the rounds that are left.
  ///
  /// - Parameter onConnections: whether on a thread that drives connections.
  private func finish(
    _ training: FederatedTraining, from start: FederatedTraining.State, _ enrolment: Enrolment,
    _ zero: RoundZero.Result,
    onConnections: Bool
  ) async throws -> FederatedTraining.State {
    var state = start
    let commits = try commits(outliving: training.durability, aside: onConnections)
    do {
      while state.round < federated.rounds {
        // Whoever is new may take long to agree.
        if enrolment.isDue(.some(zero.preprocessing)) { try await commits.settle() }
        if try commits.mustStop() { throw CoordinationError.stopped(job: record.id, round: state.round) }
        state = try await tryRepeatedly(state.round + 1, enrolment, .some(zero.preprocessing)) {
          try await training.round(after: state, $0, commits)
        }
      }
    } catch {
      try await commits.settle()
      throw error
    }
    try await commits.settle()
    return state
  }

  private func commits(outliving durability: Durability, aside: Bool) throws -> RoundCommits {
    RoundCommits(durability, isAside: aside, isStopRequested: try database.job(record.id).stopRequested) {
      [database, events] in
      let mustStop = try database.commit($0, outliving: durability)
      for round in $0 { events.tell(.round(round.record)) }
      return mustStop
    }
  }

  /// Waits for the workers of the job, and asks them.
  private func gather(_ enrolment: Enrolment) async throws {
    let needed = max(federated.workers, enrolment.roster.count)
    let end = ContinuousClock.now + Self.enrolmentPatience
    while true {
      // Before asking: whoever comes meanwhile is a change to wake up for.
      let known = registry.generations
      await enrolment.ask(nil)
      let present = registry.seats.filter(enrolment.isReady).map(\.name)
      if present.count >= needed { break }
      if !enrolment.refusals.isEmpty, federated.workers - enrolment.refusals.count < federated.minimumClients {
        throw CoordinationError.refused(enrolment.refusals)
      }
      events.tell(.waiting(job: record.id, present: present, needed: needed))
      let hasChanged = await registry.wait(within: .seconds(5), forOthersThan: known)
      try Task.checkCancellation()
      if try database.job(record.id).stopRequested { throw CoordinationError.stopped(job: record.id, round: 0) }
      if !hasChanged, ContinuousClock.now > end { throw missing(enrolment, round: 0, present.count) }
    }
    try database.setAgreedRoster(enrolment.roster, of: record.id)
  }

  /// Tries a round some times, each time with those who are there then, prepared as round 0 found.
  ///
  /// An attempt that the parties could not finish does not count: it is tried again when they are back.
  private func tryRepeatedly<Value>(
    _ round: Int, _ enrolment: Enrolment, _ preprocessing: Preprocessing??, _ body: (Int) async throws -> Value
  ) async throws -> Value {
    var attempt = 0
    var failures = 0
    while true {
      if await enrolment.ask(preprocessing) {
        // A thread that drives connections does not wait for the state.
        try await Task { [database, roster = enrolment.roster] in
          try database.setAgreedRoster(roster, of: record.id)
        }.value
      }
      do {
        return try await body(attempt)
      } catch let error as CoordinationError {
        if case .partiesFail = error, let parties, failures < Self.partyFailures {
          failures += 1
          try await wait(for: parties, because: error)
          continue
        }
        guard case .tooFewWorkers = error, attempt + 1 < Self.attempts else { throw error }
        attempt += 1
        // Those who are late or gone may be back before the next attempt.
        _ = await registry.wait(within: deadline) { seats in
          enrolment.roster.allSatisfy { name in seats.contains { $0.name == name && $0.isIdle } }
        }
      }
    }
  }

  /// Waits until the parties answer again.
  private func wait(for parties: SharedParties, because error: CoordinationError) async throws {
    let end = ContinuousClock.now + Self.enrolmentPatience
    while true {
      events.tell(.delayed(job: record.id, reason: "\(error); it is tried again when they are back"))
      do {
        _ = try await parties.cluster.credentials(within: .seconds(5))
        return
      } catch {
        try Task.checkCancellation()
        if try database.job(record.id).stopRequested { throw CoordinationError.stopped(job: record.id, round: 0) }
      }
      guard ContinuousClock.now < end else { throw error }
    }
  }

  private func missing(_ enrolment: Enrolment, round: Int, _ answered: Int) -> CoordinationError {
    .tooFewWorkers(
      round: round, answered: answered, needed: federated.minimumClients, reasons: enrolment.refusals)
  }
}
