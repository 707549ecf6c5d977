import Arithmetic
public import Identity
public import Learning
public import Privacy
import Sharing
import Tensors
import Transports

/// Carries out a job on secret shares: owners share their rows among parties, who train without seeing anything; only what
/// the job reveals is opened, to its owner alone.
///
/// The parties, and a dealer where they have one, are started on this machine, or those of the job's cluster. There, owners with names share their rows by
/// themselves (``RowOwner``), and this process has none.
public struct EncryptedTrainer: Sendable {
  public let job: Job
  public let environment: [String: String]
  public let versions: [String: String]
  /// The program to start as parties.
  public let executable: String
  /// Where results and checkpoints are kept.
  public let folder: String
  /// Who asks the parties of the job's cluster; needed with one alone.
  public let identity: NodeIdentity?
  /// Told while the parties wait for their dealer.
  public let waiting: @Sendable (DealerProgress) -> Void

  public init(
    _ job: Job, environment: [String: String], versions: [String: String], executable: String, folder: String,
    identity: NodeIdentity? = nil, waiting: @escaping @Sendable (DealerProgress) -> Void = { _ in }
  ) {
    self.waiting = waiting
    self.job = job
    self.environment = environment
    self.versions = versions
    self.executable = executable
    self.folder = folder
    self.identity = identity
  }

  /// How far a training is.
  public struct Progress: Sendable {
    public let epoch: Int
    public let epochs: Int
    /// The share of all steps that is done.
    public let share: Double
    /// Of the last epoch, if it is revealed.
    public let loss: Double?
  }

  /// What a run gives: the model where it is revealed.
  public struct Outcome: Sendable {
    public let report: TrainingReport
    public let result: JobRunner.Result?
  }

  /// - Parameters:
  ///   - resuming: whether to go on from the checkpoints of a run that stopped.
  ///   - reserve: called with what a private training will release, before any row is shared; not when it is gone on with.
  /// - Throws: `LearningError` and `DatasetError` from the job, ``ServingError`` or `ChannelError` from the parties.
  public func run(
    resuming: Bool = false, progress: @escaping (Progress) -> Void = { _ in },
    reserve: (PrivacyEvent) throws -> Void = { _ in }
  ) async throws -> Outcome {
    let prepared = try PreparedJob(job, environment: environment, part: job.hasSeparateOwners ? .none : .all)
    let stopped = resuming ? try TrainingLedger(folder: folder).stopped() : nil
    let counts =
      stopped?.counts
      ?? (job.hasSeparateOwners ? nil : RowCounts(training: prepared.ownerRows, test: prepared.ownerTestRows))
    // What is wrong with the job shows before any party starts.
    var plan: JobPlan?
    if let counts { plan = try await JobPlan(prepared, counts, stopped: stopped) }
    if !resuming, let event = try EncryptedPrivacy(job)?.event { try reserve(event) }
    let clock = ContinuousClock()
    let start = clock.now
    let (answer, done) = try await train(prepared, plan, stopped, progress)
    if !resuming, answer.traffic != done.cost {
      throw SharingError.trafficDiffers(planned: done.cost, measured: answer.traffic)
    }
    return try outcome(prepared, answer, done, seconds: (clock.now - start) / .seconds(1))
  }

  private var part: Job.EncryptedPart { job.encrypted ?? Job.EncryptedPart() }

  private func train(
    _ prepared: PreparedJob, _ plan: JobPlan?, _ stopped: TrainingLedger.Entry?,
    _ progress: @escaping (Progress) -> Void
  ) async throws -> (TrainingAnswer, JobPlan) {
    let deadline = Duration.seconds(part.deadlineSeconds)
    if part.transport == .memory, let plan {
      guard stopped == nil else {
        throw ServingError.badRequest("a training in memory leaves no checkpoints: use transport: tls, or start anew")
      }
      let answer = try await MemoryTraining.train(
        plan.program, scheme: plan.scheme, weights: try prepared.firstWeights().byName, prepared: prepared,
        deadline: deadline,
        waiting: waiting, progress: plan.reporting(to: progress))
      return (answer, plan)
    }
    if let file = job.cluster {
      guard let identity else {
        throw ServingError.badRequest("a job with a cluster needs the identity of a client: name its folder")
      }
      let cluster = try ClusterFile.load(from: file)
      try ClusterScheme(part).check(cluster, file: file)
      return try await train(prepared, plan, stopped, on: cluster, as: identity, deadline, progress)
    }
    let ledger = TrainingLedger(folder: folder)
    if stopped == nil { ledger.finish() }
    let cluster = try await LocalCluster.start(
      executable: executable, scheme: ClusterScheme(part), deadline: deadline,
      storage: plan?.program.checkpointEvery == 0 ? nil : ledger.checkpoints)
    defer { cluster.stop() }
    let result = try await cluster.explaining {
      try await train(prepared, plan, stopped, on: cluster.cluster, as: cluster.client, deadline, progress)
    }
    ledger.finish()
    return result
  }

  private func train(
    _ prepared: PreparedJob, _ known: JobPlan?, _ stopped: TrainingLedger.Entry?, on cluster: ClusterFile,
    as identity: NodeIdentity, _ deadline: Duration, _ progress: @escaping (Progress) -> Void
  ) async throws -> (TrainingAnswer, JobPlan) {
    let loop = SocketLoop(name: "client", spin: .zero)
    defer { loop.shutdown() }
    func connect() async throws -> ClusterClient {
      try await ClusterClient.connect(to: cluster, as: identity, loop: loop, patience: deadline, waiting: waiting)
    }
    let client = try await connect()
    let plan: JobPlan
    if let known { plan = known } else { plan = try await JobPlan(prepared, owners(client, deadline), stopped: nil) }
    let ledger = TrainingLedger(folder: folder)
    var answer: TrainingAnswer
    if let stopped {
      answer = try await client.resume(plan.program, id: stopped.id, progress: plan.reporting(to: progress))
    } else {
      let entry = try ledger.begin(plan.digest, plan.counts)
      let isHere = !job.hasSeparateOwners
      let sent = isHere ? try await share(prepared, plan, dataset: entry.id, connect) : .none
      answer = try await client.train(
        plan.program, id: entry.id, weights: try prepared.firstWeights().byName,
        dataset: isHere ? entry.id : try job.dataset,
        owners: isHere ? plan.counts.training.map { _ in identity.name } : part.owners.compactMap(\.place),
        progress: plan.reporting(to: progress))
      answer.traffic = answer.traffic + sent
    }
    await client.close()
    ledger.finish()
    return (answer, plan)
  }

  /// Waits for the rows of owners who share them by themselves.
  private func owners(_ client: ClusterClient, _ patience: Duration) async throws -> RowCounts {
    let names = part.owners.compactMap(\.place)
    let end = ContinuousClock.now + patience
    while true {
      let counts = try await client.rowCounts(of: try job.dataset, owners: names)
      guard let missing = zip(names, counts.training).first(where: { $0.1 == 0 }) else {
        return RowCounts(training: counts.training, test: counts.test)
      }
      guard ContinuousClock.now < end else {
        throw ServingError.badRequest(
          part.owners.contains(where: \.isWorker)
            ? "the rows of \(missing.0) are not there: let the coordinator have its workers share them"
            : "owner \(missing.0) has not shared its rows of this job: let it run tacit train JOB --owner \(missing.0)")
      }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  /// Each owner shares its rows over connections of its own.
  private func share(
    _ prepared: PreparedJob, _ plan: JobPlan, dataset: String, _ connect: () async throws -> ClusterClient
  ) async throws -> Cost {
    var sent = Cost.none
    var rows = [RowPart.training: (prepared.features, prepared.targets)]
    if plan.program.judging != nil { rows[.test] = prepared.testRows }
    for owner in plan.counts.training.indices {
      let connection = try await connect()
      for part in RowPart.allCases {
        guard let (features, targets) = rows[part] else { continue }
        let range = plan.counts.range(of: owner, part)
        let own = (features.sliced(axis: 0, range), targets.sliced(axis: 0, range))
        sent =
          sent
          + (try await connection.share(
            own, part, dataset: dataset, owner: owner, agreed: self.part.reveal,
            fractionBits: plan.program.fractionBits))
      }
      await connection.close()
    }
    return sent
  }
}
