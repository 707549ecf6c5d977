import Arithmetic
import Crypto
import Datasets
import Foundation
public import Learning
import Sharing
import Tensors
import Transports

/// Carries out a job on secret shares: owners share their rows among three parties, who train without seeing anything;
/// only what the job reveals is opened, to its owner alone.
public struct EncryptedTrainer: Sendable {
  public let job: Job
  public let environment: [String: String]
  public let versions: [String: String]
  /// The program to start as parties.
  public let executable: String
  /// Where results and checkpoints are kept.
  public let folder: String

  public init(
    _ job: Job, environment: [String: String], versions: [String: String], executable: String, folder: String
  ) {
    self.job = job
    self.environment = environment
    self.versions = versions
    self.executable = executable
    self.folder = folder
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

  /// - Parameter resuming: whether to go on from the checkpoints of a run that stopped.
  /// - Throws: `LearningError` and `DatasetError` from the job, ``ServingError`` or `ChannelError` from the parties.
  public func run(resuming: Bool = false, progress: @escaping (Progress) -> Void = { _ in }) async throws -> Outcome {
    let prepared = try PreparedJob(job, environment: environment)
    let program = try TrainingProgram(prepared)
    try program.validate()
    let planned = try await TrainingPlan.cost(of: program, rowCounts: prepared.ownerRows)
    let step = { (step: TrainingStep) in
      progress(
        Progress(
          epoch: min(step.step / program.stepsPerEpoch + 1, program.epochs), epochs: program.epochs,
          share: Double(step.step) / Double(step.stepCount), loss: step.loss))
    }
    let clock = ContinuousClock()
    let start = clock.now
    let answer = try await train(program, prepared, resuming: resuming, step)
    if !resuming, answer.traffic != planned {
      throw SharingError.trafficDiffers(planned: planned, measured: answer.traffic)
    }
    return try outcome(prepared, answer, planned: planned, seconds: (clock.now - start) / .seconds(1))
  }

  private func train(
    _ program: TrainingProgram, _ prepared: PreparedJob, resuming: Bool,
    _ progress: @escaping (TrainingStep) -> Void
  ) async throws -> TrainingAnswer {
    let part = job.encrypted ?? Job.EncryptedPart()
    let weights = prepared.description.initialWeights(seed: SeedTree(seed: job.training.seed).child("weights"))
    let deadline = Duration.seconds(part.deadlineSeconds)
    switch part.transport {
    case .memory:
      guard !resuming else {
        throw ServingError.badRequest("a training in memory leaves no checkpoints: use transport: tls, or start anew")
      }
      return try await MemoryTraining.train(
        program, weights: weights.byName, features: prepared.features, targets: prepared.targets,
        ownerRows: prepared.ownerRows, deadline: deadline, progress: progress)
    case .tls:
      let ledger = TrainingLedger(folder: folder)
      let digest = try Self.digest(program, prepared)
      let id = resuming ? try ledger.resume(digest) : try ledger.begin(digest)
      let cluster = try await LocalCluster.start(
        executable: executable, deadline: deadline, storage: program.checkpointEvery > 0 ? ledger.checkpoints : nil)
      defer { cluster.stop() }
      let answer = try await cluster.explaining {
        let loop = SocketLoop(name: "client", spin: .zero)
        defer { loop.shutdown() }
        let client = try await connect(cluster, loop, deadline)
        let answer =
          resuming
          ? try await client.resume(program, id: id, progress: progress)
          : try await fresh(program, prepared, weights, id: id, client, cluster, loop, progress)
        await client.close()
        return answer
      }
      ledger.finish()
      return answer
    }
  }

  private func connect(_ cluster: LocalCluster, _ loop: SocketLoop, _ patience: Duration) async throws -> ClusterClient {
    try await ClusterClient.connect(to: cluster.cluster, as: cluster.client, loop: loop, patience: patience)
  }

  /// Each owner shares its rows over connections of its own; then the job's owner shares the first weights and follows.
  private func fresh(
    _ program: TrainingProgram, _ prepared: PreparedJob, _ weights: Weights, id: String, _ client: ClusterClient,
    _ cluster: LocalCluster, _ loop: SocketLoop, _ progress: @escaping (TrainingStep) -> Void
  ) async throws -> TrainingAnswer {
    var sent = Cost.none
    var offset = 0
    for (owner, count) in prepared.ownerRows.enumerated() {
      let connection = try await connect(cluster, loop, .seconds(job.encrypted?.deadlineSeconds ?? 30))
      sent =
        sent
        + (try await connection.share(
          features: prepared.features.sliced(axis: 0, offset..<offset + count),
          targets: prepared.targets.sliced(axis: 0, offset..<offset + count), dataset: id, owner: owner,
          fractionBits: program.fractionBits))
      await connection.close()
      offset += count
    }
    var answer = try await client.train(
      program, id: id, weights: weights.byName, dataset: id, owners: prepared.ownerRows.count, progress: progress)
    answer.traffic = answer.traffic + sent
    return answer
  }

  private func outcome(
    _ prepared: PreparedJob, _ answer: TrainingAnswer, planned: Cost, seconds: Double
  ) throws -> Outcome {
    let part = job.encrypted ?? Job.EncryptedPart()
    var report = prepared.report(losses: answer.losses, seconds: seconds, versions: versions)
    report.secondsPerEpoch = answer.seconds / Double(job.training.epochs)
    report.rounds = answer.traffic.rounds
    report.bytesSent = answer.traffic.byteCount
    report.planned = .init(rounds: planned.rounds, bytesSent: planned.byteCount)
    report.ownerRows = prepared.ownerRows.count > 1 ? prepared.ownerRows : nil
    report.opened = Job.EncryptedPart.Revealed.allCases.filter(part.reveal.contains).map {
      "\($0.rawValue): the job's owner"
    }
    guard part.reveal.contains(.model) else { return Outcome(report: report, result: nil) }
    let names = prepared.description.weightNames + prepared.description.statisticNames
    let model = try Model(
      description: prepared.description,
      weights: Weights(names.compactMap { name in answer.weights[name].map { (name, $0) } }))
    try prepared.judge(model, into: &report)
    report.judgedBy = "the model's owner, in the clear"
    return Outcome(
      report: report,
      result: JobRunner.Result(model: model, preprocessing: prepared.data.preprocessing, report: report))
  }

  /// What must be the same when a training goes on: program and rows.
  private static func digest(_ program: TrainingProgram, _ prepared: PreparedJob) throws -> String {
    var hash = SHA256()
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    hash.update(data: try encoder.encode(program))
    for tensor in [prepared.features, prepared.targets] {
      tensor.scalars.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }
    hash.update(data: Data(TacitVersion.current.utf8))
    return hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}

/// What the job's owner keeps of a training that runs, so that it can go on: `training.json`. It holds no secrets.
private struct TrainingLedger {
  let folder: String

  private struct Entry: Codable {
    var id: String
    var digest: String
  }

  private var path: String { folder + "/training.json" }
  var checkpoints: String { folder + "/checkpoints" }

  /// A fresh training; what an earlier one left is removed.
  func begin(_ digest: String) throws -> String {
    let id = SecureRandom.bytes(16).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    finish()
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let data = try JSONEncoder().encode(Entry(id: id, digest: digest))
      try data.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch { throw ServingError.storage(path, reason: "it cannot be written") }
    return id
  }

  /// The training that stopped.
  func resume(_ digest: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path),
      let entry = try? JSONDecoder().decode(Entry.self, from: data)
    else { throw ServingError.badRequest("\(folder) holds no training that stopped: start it without --resume") }
    guard entry.digest == digest else {
      throw ServingError.badRequest(
        "the training in \(folder) was of another job, other data or another version: start without --resume")
    }
    return entry.id
  }

  func finish() {
    try? FileManager.default.removeItem(atPath: path)
    try? FileManager.default.removeItem(atPath: checkpoints)
  }
}
