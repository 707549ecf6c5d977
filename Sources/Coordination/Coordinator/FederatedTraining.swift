import Arithmetic
import Federation
import Foundation
import Learning
import Links

/// The rounds of training of one job: asks a cohort, makes the next model, commits it.
struct FederatedTraining: Sendable {
  /// The model after so many rounds.
  struct State: Sendable {
    var round: Int
    var weights: [Float]
    var server: ServerState
  }

  private let run: FederatedRun
  private let enrolment: Enrolment
  private let zero: RoundZero.Result
  private let description: ModelDescription
  let layout: WeightLayout
  let strategy: ServerStrategy
  private let rule: LocalRule
  /// How each worker is hidden, if it is.
  let privacy: ClientPrivacy?

  init(_ run: FederatedRun, _ enrolment: Enrolment, _ zero: RoundZero.Result) throws {
    self.run = run
    self.enrolment = enrolment
    self.zero = zero
    description = try ModelDescription(
      run.job.model, inputShape: try PreparedJob.inputShape(run.job, example: zero.example))
    layout = WeightLayout(description)
    strategy = try run.federated.strategy.server(layout: layout, workers: run.federated.workers)
      .replaced(by: run.averaging, for: run.federated.strategy)
    rule = LocalRule(run.federated.strategy)
    privacy = run.job.hidesClients ? try ClientPrivacy(run.job, weightCount: layout.count) : nil
  }

  /// Takes all rounds of a private training from the budget, if there is one; gives the reservation.
  func reserve() throws -> Int? {
    guard let privacy else { return nil }
    return try run.budget?.reserve(privacy.event, rounds: federated.rounds, reusesSettled: true).number
  }

  /// What a private training spent, with the rounds that had to be done again.
  func spent() throws -> TrainingReport.PrivacyPart? {
    try privacy?.report(rounds: run.database.attempts(of: run.record.id, in: 1...federated.rounds))
  }

  private func privateRound(
    _ privacy: ClientPrivacy, after state: State, _ attempt: Int, _ commits: RoundCommits
  ) async throws -> State {
    guard case .averaging(let averaging) = strategy else { preconditionFailure("checked by the job") }
    let rounds = PrivateRounds(
      run: run, enrolment: enrolment, asked: asked, privacy: privacy, strategy: averaging, reader: reader)
    var (next, record, reservation) = try await rounds.step(after: state, attempt)
    if next.round % max(1, federated.rounds / 100) == 0 || next.round == federated.rounds {
      record.metrics.epsilon = try privacy.epsilon(
        of: privacy.event, rounds: run.database.attempts(of: run.record.id, in: 1...next.round))
    }
    commits.note(
      isStopRequested: try run.database.commit([
        CompletedRound(record: record, model: next.weights, strategy: try stored(next.server))
      ]))
    if let reservation { try run.budget?.commit(reservation) }
    run.events.tell(.round(record))
    return next
  }

  private var asked: AskedQuestion { AskedQuestion(offer: enrolment.offer, preprocessing: zero.preprocessing) }
  private var federated: Job.FederatedPart { run.federated }
  private var patience: Duration { .seconds(federated.deadlineSeconds) }
  var isNumeric: Bool { run.job.training.loss == .meanSquaredError }

  /// The last completed round's, or the beginning.
  func state() throws -> State {
    if let last = try run.database.lastRound(of: run.record.id) {
      try layout.check(last.model, "the stored model")
      let server = try last.strategy.map { try JSONDecoder().decode(ServerState.self, from: $0) }
      return State(round: last.round, weights: last.model, server: server ?? ServerState())
    }
    return State(round: 0, weights: try firstWeights(), server: ServerState())
  }

  private func firstWeights() throws -> [Float] {
    if let given = try run.database.firstWeights(of: run.record.id) {
      try layout.check(given, "the model to begin with")
      return given
    }
    return try layout.flatten(
      description.initialWeights(seed: SeedTree(seed: run.job.training.seed).child("weights")))
  }

  /// What a round's commit must outlive. One that is done again asks for the same updates once more: where nothing hides them and nobody
  /// counts them it tells nothing new, and workers that keep nothing of a round send the same.
  var durability: Durability {
    let isCounted = run.job.privacy != nil || run.budget != nil
    let isKept = rule.usesControl || federated.compression != .none
    // A server's own strategy may add noise.
    return federated.aggregation == .open && !isCounted && !isKept && run.averaging == nil ? .kill : .powerLoss
  }

  /// Whether the server's part of a round takes a few milliseconds at most, so that it may be done where answers come in:
  /// sums of few values, of which nothing is recorded.
  var isQuick: Bool {
    guard case .averaging = strategy, durability == .kill, run.recorder == nil else { return false }
    return layout.count * enrolment.roster.count <= Self.quickCount
  }

  /// So many values of all updates together.
  private static let quickCount = 1 << 18

  /// One attempt at the round after a state; what it gives is committed, or waits for the next round's workers to be asked.
  func round(after state: State, _ attempt: Int, _ commits: RoundCommits) async throws -> State {
    if let privacy { return try await privateRound(privacy, after: state, attempt, commits) }
    let start = ContinuousClock.now
    let number = try await attemptNumber()
    let cohort = federated.cohort.sample(
      from: enrolment.roster, round: state.round + 1, attempt: attempt, seed: run.job.training.seed)
    let body = LinkBody.floats(
      rule.usesControl ? state.weights + state.server.control(count: layout.trainedCount) : state.weights)
    var next = State(round: state.round + 1, weights: [], server: state.server)
    try run.recorder?.note(model: state.weights, attempt: number)
    let step =
      federated.aggregation.hidesUpdates
      ? try await hiddenStep(number, next.round, cohort, body)
      : try await openStep(number, next.round, cohort, body, commits)
    switch step.outcome {
    case .average(let average):
      guard case .averaging(let averaging) = strategy else { preconditionFailure("checked by the job") }
      next.weights = try averaging.apply(average, to: state.weights, state: &next.server)
    case .updates(let updates): next.weights = try strategy.aggregate(updates, into: state.weights, state: &next.server)
    }
    let record = RoundRecord(
      job: run.record.id, round: next.round, attempt: number, cohort: cohort,
      contributors: step.contributors.map { cohort[$0] }, metrics: step.judged.metrics(isNumeric: isNumeric),
      bytesSent: step.byteCount, seconds: (ContinuousClock.now - start) / .seconds(1))
    try await commits.take(
      CompletedRound(record: record, model: next.weights, strategy: try stored(next.server)))
    return next
  }

  /// Where new numbers must be taken from the state, which somebody else may have locked, a thread that drives connections does not wait.
  private func attemptNumber() async throws -> Int {
    guard !run.database.hasFreeNumber else { return try run.database.attemptNumber() }
    return try await Task { [database = run.database] in try database.attemptNumber() }.value
  }

  /// As the state keeps it.
  func stored(_ server: ServerState) throws -> Data? {
    server == ServerState() ? nil : try JSONEncoder().encode(server)
  }

  /// Reads updates in the open.
  var reader: UpdateReader {
    UpdateReader(
      layout: layout, extraCount: rule.extraCount(layout),
      compression: UpdateCompression(federated.compression, seed: run.job.training.seed), recorder: run.recorder)
  }

  /// Judges the last model at all workers.
  func judge(_ state: State, _ attempt: Int) async throws -> Judgement {
    // Sums over held-out rows would tell of workers what nothing hides.
    guard privacy == nil else { return Judgement() }
    let number = try await attemptNumber()
    let plan = HidingPlan.judgement(federated, rows: zero.rows)
    let round = SumRound(
      seats: run.registry.seats(of: enrolment.roster), asked: asked, patience: patience, recorder: run.recorder,
      federated: federated,
      opener: run.opener, parties: run.parties)
    let result = try await round.run(
      TaskHeader(
        number: number, kind: .evaluate, round: state.round + 1,
        hiding: federated.aggregation.hidesUpdates ? plan : nil), body: .floats(state.weights), count: plan.count)
    return Judgement(sums: result.segments.flatMap { $0 })
  }

  private struct Step {
    let outcome: OpenRound.Outcome
    let contributors: [Int]
    let judged: Judgement
    let byteCount: Int
  }

  private func openStep(
    _ number: Int, _ round: Int, _ cohort: [String], _ body: LinkBody, _ commits: RoundCommits
  ) async throws -> Step {
    let header = TaskHeader(number: number, kind: .train, round: round, hiding: nil, hasControl: rule.usesControl)
    let seats = run.registry.seats(of: cohort)
    let result = try await OpenRound(
      seats: seats, header: header, patience: patience, strategy: strategy, reader: reader
    ).run(
      weights: body,
      asked: {
        commits.asked()
        if try commits.mustStop() { throw CoordinationError.stopped(job: run.record.id, round: round - 1) }
      })
    let needed = federated.needed(of: cohort.count)
    guard let outcome = result.outcome, result.contributors.count >= needed else {
      throw CoordinationError.tooFewWorkers(
        round: round, answered: result.contributors.count, needed: needed, reasons: result.reasons)
    }
    return Step(
      outcome: outcome, contributors: result.contributors, judged: result.judged, byteCount: result.byteCount)
  }

  private func hiddenStep(_ number: Int, _ round: Int, _ cohort: [String], _ body: LinkBody) async throws -> Step {
    let weightLimit = federated.strategy.weighting == .examples ? zero.rows : 1
    let summand = Summand(count: layout.count, extraCount: rule.extraCount(layout), weightLimit: weightLimit)
    let plan = HidingPlan.training(federated, summand: summand, rows: zero.rows)
    let header = TaskHeader(number: number, kind: .train, round: round, hiding: plan, hasControl: rule.usesControl)
    let sums = SumRound(
      seats: run.registry.seats(of: cohort), asked: asked, patience: patience, recorder: run.recorder,
      federated: federated,
      opener: run.opener, parties: run.parties)
    let result = try await sums.run(header, body: body, count: plan.count)
    let values = (result.segments[0] + result.segments[1]).map { Float($0) }
    return Step(
      outcome: .average(try summand.average(ofSum: values, updateCount: result.contributors.count)),
      contributors: result.contributors, judged: Judgement(sums: result.segments[2...].flatMap { $0 }),
      byteCount: result.byteCount)
  }
}

extension ServerStrategy {
  /// A server's own strategy where it has one. Workers know the job's alone, so that both must weigh updates alike.
  fileprivate func replaced(
    by own: (any AveragingStrategy)?, for spec: StrategySpec
  ) throws(CoordinationError) -> ServerStrategy {
    guard let own else { return self }
    guard case .averaging = self, own.weighting == spec.weighting else {
      throw .setting(
        "federated.strategy",
        reason: "must be one that averages and weighs updates as the coordinator's own strategy does, such as fedAvg")
    }
    return .averaging(own)
  }
}
