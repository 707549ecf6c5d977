import Arithmetic
public import Datasets
public import Federation
public import Foundation
public import Identity
public import Learning
import Links
import Logging
public import Paillier
import Tensors

/// Carries out a job with `mode: federated`: starts a coordinator and workers on this machine, or submits to a running coordinator.
public struct FederatedTrainer: Sendable {
  private let job: Job
  private let text: String
  private let environment: [String: String]
  private let versions: [String: String]
  private let executable: String?
  private let folder: String
  private let identity: NodeIdentity?
  private let record: String?
  private let ledger: (path: String, dataset: String?)?
  private let keyShares: [KeyShare]
  private let averaging: (any AveragingStrategy)?
  private let consents: [String: OwnersConsent]

  /// - Parameters:
  ///   - text: the job (YAML), as workers are offered it.
  ///   - seed: in place of the job's.
  ///   - environment: where data sets may lie (`TACIT_DATA`).
  ///   - versions: what the report names.
  ///   - executable: the `tacit` program; not needed with `transport: memory`, nor for a coordinator that runs already.
  ///   - folder: where the state of a coordinator that is started here goes.
  ///   - identity: a client's, for a coordinator that runs already.
  ///   - record: the folder for what a coordinator that is started here sees.
  ///   - ledger: what the privacy of such a coordinator's job is taken from, and the data's name in it.
  ///   - keyShares: of `aggregation: paillier` in memory; a key of 2048 bits is dealt where there are none.
  ///   - averaging: in memory, in place of the server's part of the job's strategy, as ``Coordinator`` takes it.
  ///   - consents: in memory, of the workers that ask their owners, by name (`worker-1`, … where the job names none).
  ///
  /// - Throws: `JobError` where the text is no job.
  public init(
    _ text: String, seed: UInt64? = nil, environment: [String: String] = ProcessInfo.processInfo.environment,
    versions: [String: String] = [:], executable: String? = nil, folder: String, identity: NodeIdentity? = nil,
    record: String? = nil,
    ledger: (path: String, dataset: String?)? = nil, keyShares: [KeyShare] = [],
    averaging: (any AveragingStrategy)? = nil, consents: [String: OwnersConsent] = [:]
  ) throws(JobError) {
    var job = try Job.parse(text)
    if let seed { job.training.seed = seed }
    self.job = job
    self.text = text
    self.environment = environment
    self.versions = versions
    self.executable = executable
    self.folder = folder
    self.identity = identity
    self.record = record
    self.ledger = ledger
    self.keyShares = keyShares
    self.averaging = averaging
    self.consents = consents
  }

  /// What a run gives.
  public struct Result: Sendable {
    public let model: Model
    public let preprocessing: Preprocessing?
    public internal(set) var report: TrainingReport

    /// As a training in the clear gives it; what new examples can be follows from the public ranges, where all are declared.
    public var asTrained: JobRunner.Result {
      JobRunner.Result(
        model: model, preprocessing: preprocessing, report: report, inputRange: preprocessing?.publicRange)
    }
  }

  /// Trains without telling anything on the way; throws as ``run(news:)``.
  public func run() async throws -> Result { try await run { _ in } }

  /// Trains.
  ///
  /// - Parameter news: called as things happen.
  /// - Throws: ``JobFailure``, ``CoordinationError``, `LinkError`, and `LearningError` and `DatasetError` from the data.
  public func run(news: (Submission.News) -> Void) async throws -> Result {
    let federated = try job.carriedOut()
    guard averaging == nil && consents.isEmpty || job.coordinator == nil && federated.transport == .memory else {
      throw CoordinationError.setting(
        "federated.transport", reason: "must be memory where the caller brings a strategy or asks owners itself")
    }
    let first = try givenWeights()
    var rounds: [RoundRecord] = []
    let watch = { (item: Submission.News) in
      if case .round(let record) = item, !rounds.contains(where: { $0.round == record.round }) { rounds.append(record) }
      news(item)
    }
    let (outcome, weights) =
      if job.coordinator != nil {
        try await submitToRunning(first, watch)
      } else if federated.transport == .memory {
        try await runInMemory(federated, first, watch)
      } else {
        try await runAsProcesses(federated, first, watch)
      }
    var result = try result(outcome, weights, rounds)
    try judge(&result, outcome)
    return result
  }

  /// Where workers are hidden they tell no figures, so that the owner of the job judges its model, on the test rows of the job's own data:
  /// they count as public, as in a training of one owner.
  private func judge(_ result: inout Result, _ outcome: JobOutcome) throws {
    guard let privacy = outcome.privacy else { return }
    result.report.privacy = privacy
    result.report.judgedBy = nil
    guard job.coordinator == nil, job.federated?.owners.isEmpty == true else { return }
    let prepared = try PreparedJob(job, environment: environment)
    try prepared.judge(result.model, into: &result.report)
    result.report.data = prepared.report(losses: [], seconds: 0, versions: [:]).data
    result.report.judgedBy = "the job's owner, on the test rows of the job's data, which count as public"
  }

  /// The weights of the job's model file, in the order in which they travel.
  private func givenWeights() throws -> [Float]? {
    try job.givenWeights().map { try WeightLayout($0.description).flatten($0.weights) }
  }

  private func submitToRunning(
    _ first: [Float]?, _ news: (Submission.News) -> Void
  ) async throws -> (outcome: JobOutcome, weights: [Float]) {
    guard let address = job.coordinator, let identity else {
      throw CoordinationError.setting("--identity", reason: "is needed for a running coordinator: a client's folder")
    }
    let id = Submission.newID()
    var lastSeen: ContinuousClock.Instant?
    while true {
      do {
        let link = try await WebSocketDialer.connect(
          to: address, tls: try identity.tlsSettings(identity.policy(accepting: [.coordinator])),
          within: lastSeen == nil ? .seconds(10) : Self.absence)
        lastSeen = .now
        defer {
          lastSeen = .now
          Task { await link.close() }
        }
        return try await Submission(link).run(text, seed: job.training.seed, id: id, first: first, news: news)
      } catch let error as LinkError {
        // The job goes on without its owner, and goes on when a coordinator that was gone is back.
        switch error {
        case .closed, .lost, .refused, .unreachable:
          guard let lastSeen, ContinuousClock.now - lastSeen < Self.absence else { throw error }
        case .closedHere, .cancelled, .timedOut, .oversizedMessage, .malformedFrame, .wrongVersion, .notTrusted,
          .badAddress:
          throw error
        }
      }
    }
  }

  /// How long a coordinator may be gone before its job's owner gives up.
  private static let absence = Duration.seconds(600)

  private func runInMemory(
    _ federated: Job.FederatedPart, _ first: [Float]?, _ news: (Submission.News) -> Void
  ) async throws -> (outcome: JobOutcome, weights: [Float]) {
    var logger = Logger(label: "tacit.federation") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .error
    let names = federated.owners.isEmpty ? (1...federated.workers).map { "worker-\($0)" } : federated.owners.map(\.name)
    let tables = names.enumerated().map { index, name in
      (name, federated.owners.isEmpty ? rowsHere(index) : WorkerRows.table(path: federated.owners[index].file))
    }
    let federation = await MemoryFederation(
      tables: tables, policy: policy(federated),
      shares: try shares(federated),
      hasParties: federated.aggregation == .shared, database: try state(),
      recorder: try record.map { try RunRecorder(folder: $0) },
      budget: try ledger.map { try PrivacyBudgetSource(ledger: $0.path, dataset: $0.dataset) }, averaging: averaging,
      consents: consents, logger: logger)
    let link = await federation.submitter()
    do {
      let result = try await Submission(link).run(
        text, seed: job.training.seed, first: first, workers: names, news: news)
      await federation.stop()
      return result
    } catch {
      await federation.stop()
      throw error
    }
  }

  private func shares(_ federated: Job.FederatedPart) throws -> [KeyShare] {
    guard federated.aggregation == .paillier else { return [] }
    return keyShares.isEmpty ? try LocalKeyHolders.deal().shares : keyShares
  }

  private func rowsHere(_ index: Int) -> WorkerRows { .part(of: job, index: index, environment: environment) }

  private func runAsProcesses(
    _ federated: Job.FederatedPart, _ first: [Float]?, _ news: (Submission.News) -> Void
  ) async throws -> (outcome: JobOutcome, weights: [Float]) {
    guard let executable else {
      throw CoordinationError.setting(
        "federated.transport", reason: "must be memory, or FederatedTrainer be told the tacit program (executable:)")
    }
    try makeFolder()
    let jobFile = folder + "/job.yaml"
    try Data(text.utf8).write(to: URL(fileURLWithPath: jobFile))
    let rows: LocalFederation.Rows =
      federated.owners.isEmpty
      ? .parts(jobFile: jobFile, seed: job.training.seed, count: federated.workers)
      : .tables(federated.owners.map { ($0.name, $0.file) })
    let path = statePath
    try removeOldState()
    let federation = try LocalFederation.start(
      executable: executable, rows: rows, policy: policy(federated), state: path, record: record,
      dealsKey: federated.aggregation == .paillier,
      partyDeadline: federated.aggregation == .shared ? .seconds(max(10, federated.deadlineSeconds)) : nil,
      ledger: ledger.map { ["--ledger", $0.path] + ($0.dataset.map { ["--dataset", $0] } ?? []) } ?? [])
    defer { federation.stop() }
    return try await federation.run(text, seed: job.training.seed, first: first, news: news)
  }

  /// Workers of this machine take part in what its owner submits.
  private func policy(_ federated: Job.FederatedPart) -> WorkerPolicy {
    WorkerPolicy(smallestCohort: federated.minimumClients, aggregations: [federated.aggregation])
  }

  private var statePath: String { folder + "/run.sqlite" }

  private func state() throws -> RunDatabase {
    try makeFolder()
    try removeOldState()
    return try RunDatabase(path: statePath)
  }

  private func makeFolder() throws(LearningError) {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch { throw .unwritable(path: folder, reason: "check that the folder can be made") }
  }

  /// A run of its own begins from nothing.
  private func removeOldState() throws {
    for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: statePath + suffix) }
    try? FileManager.default.removeItem(atPath: statePath + ".models")
  }

  private func result(_ outcome: JobOutcome, _ weights: [Float], _ rounds: [RoundRecord]) throws -> Result {
    let example: Shape
    if let preprocessing = outcome.preprocessing {
      example = [preprocessing.featureCount]
    } else {
      example = Shape(outcome.example)
    }
    let description = try ModelDescription(
      job.model, inputShape: try PreparedJob.inputShape(job, example: example))
    let model = try Model(description: description, weights: try WeightLayout(description).weights(weights))
    return Result(
      model: model, preprocessing: outcome.preprocessing, report: report(outcome, rounds))
  }

  private func report(_ outcome: JobOutcome, _ rounds: [RoundRecord]) -> TrainingReport {
    let metrics = rounds.map(\.metrics).dropFirst() + [outcome.metrics]
    var report = TrainingReport(
      of: job, train: outcome.rows, test: outcome.testRows, losses: metrics.compactMap(\.loss),
      seconds: outcome.seconds,
      versions: versions)
    report.accuracy = outcome.metrics.accuracy
    // From the model's scale to the target's unit.
    var unit = 1.0
    if case .numeric(_, let deviation)? = outcome.preprocessing?.targetTransform.kind { unit = deviation }
    report.meanSquaredError = outcome.metrics.meanSquaredError.map { $0 * unit * unit }
    report.rounds = rounds.count
    report.bytesSent = outcome.bytesSent
    report.judgedBy = "the workers, on the rows they keep back; only sums were told"
    report.federation = .init(
      workers: outcome.workers, aggregation: job.federated?.aggregation ?? .open,
      strategy: job.federated?.strategy.kind.rawValue ?? "", accuracies: metrics.compactMap(\.accuracy),
      learns: Dictionary(
        uniqueKeysWithValues: job.disclosure.map { ($0.role, $0.learns) }))
    return report
  }
}
