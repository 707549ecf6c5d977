package import Crypto
public import Federation
import Foundation
import Learning
public import Links
public import Logging
public import Paillier
package import Serving
import Transports

/// Runs federated jobs over the workers that connect to it, one job after the other.
///
/// It holds jobs, rounds and models in its state, so that it can be killed at any instant: a job goes on from its last completed
/// round when the coordinator is back. It sees workers' updates as far as the job's aggregation shows them.
public actor Coordinator {
  public nonisolated let database: RunDatabase
  public nonisolated let events = EventHub()
  nonisolated let registry = WorkerRegistry()
  private let keyHolders: KeyHolders?
  private let cluster: (any AggregationCluster)?
  private let recorder: RunRecorder?
  private let budget: PrivacyBudgetSource?
  private let averaging: (any AveragingStrategy)?
  private let logger: Logger
  private let wakeUps: AsyncStream<Void>
  private let wakeUp: AsyncStream<Void>.Continuation

  /// - Parameters:
  ///   - paillierKey: the key under which workers encrypt in jobs with `aggregation: paillier`; key-holders have its shares.
  ///   - budget: the ledger that private jobs are taken from; with one, no job without privacy is carried out.
  ///   - averaging: makes the next model from a round's average, in place of the job's own strategy, by whose rule workers
  ///     go on training; of the same weighting.
  public init(
    database: RunDatabase, recorder: RunRecorder? = nil, paillierKey: ThresholdKey? = nil,
    budget: PrivacyBudgetSource? = nil, averaging: (any AveragingStrategy)? = nil, logger: Logger
  ) {
    self.init(
      database: database, recorder: recorder, paillierKey: paillierKey, cluster: nil, budget: budget,
      averaging: averaging, logger: logger)
  }

  /// - Parameter cluster: the parties that add up shares in jobs with `aggregation: shared`.
  package init(
    database: RunDatabase, recorder: RunRecorder? = nil, paillierKey: ThresholdKey? = nil,
    cluster: (any AggregationCluster)?, budget: PrivacyBudgetSource? = nil, averaging: (any AveragingStrategy)? = nil,
    logger: Logger
  ) {
    self.averaging = averaging
    self.cluster = cluster
    self.budget = budget
    keyHolders = paillierKey.map { KeyHolders($0, logger: logger) }
    self.database = database
    self.recorder = recorder
    self.logger = logger
    (wakeUps, wakeUp) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    wakeUp.yield()
  }

  /// Takes in a connection: workers and key-holders get their seats, a job's owner a dialogue.
  public func admit(_ link: any Link) { admit(link, key: nil) }

  /// - Parameter key: in place of the certificate's, where the link has none.
  package func admit(_ link: any Link, key: P256.Signing.PublicKey?) {
    switch link.peer.role {
    case "worker":
      logger.info("worker connected", metadata: ["name": "\(link.peer.name)"])
      registry.admit(link, key: key)
      events.tell(.workersChanged)
    case "keyholder":
      logger.info("key-holder connected", metadata: ["name": "\(link.peer.name)", "wanted": "\(keyHolders != nil)"])
      if let keyHolders { keyHolders.admit(link) } else { Task { await link.close() } }
    default:
      Task { await SubmitterDialogue(link: link, coordinator: self).run() }
    }
  }

  /// Carries out jobs as they come, those of before a restart first. Returns when its task is cancelled.
  public func run() async throws {
    for await _ in wakeUps {
      while let record = try database.nextJob() {
        await carryOut(record)
        if Task.isCancelled { return }
      }
    }
  }

  private func carryOut(_ record: JobRecord) async {
    logger.info("job begins", metadata: ["job": "\(record.id)"])
    events.tell(.started(job: record.id))
    do {
      try database.setStatus(.running, of: record.id)
      let run = try FederatedRun(
        record, registry: registry, keyHolders: keyHolders, cluster: cluster, database: database, recorder: recorder,
        events: events, budget: budget, averaging: averaging)
      let outcome = try await run.run()
      events.tell(.done(outcome))
      logger.info("job is done", metadata: ["job": "\(record.id)"])
    } catch {
      // A coordinator that ends has closed its links, which is no failure of the job: it goes on when another one begins.
      if Task.isCancelled || error is CancellationError { return }
      let stopped = if case CoordinationError.stopped = error { true } else { false }
      let code = (error as? CoordinationError)?.exitCode ?? 2
      try? database.setStatus(
        stopped ? .stopped : .failed, failure: (reason: "\(error)", exitCode: code), of: record.id)
      events.tell(.failed(job: record.id, reason: "\(error)", exitCode: code))
      logger.error("job failed", metadata: ["job": "\(record.id)", "reason": "\(error)"])
      for seat in registry.seats { await seat.tell(.finished(job: record.id, failure: "\(error)")) }
    }
  }

  /// Puts down a job, unless it is there already; it starts when those before it are over. Only who submitted a job may come back
  /// to it: its result is the submitter's.
  ///
  /// - Parameter first: the weights to begin with, where they do not follow from the seed.
  func submit(
    _ id: String, _ text: String, seed: UInt64, first: [Float]?, workers: [String], by submitter: String
  ) throws {
    let job = try Job.parse(text)
    _ = try job.carriedOut()
    guard (first != nil) == (job.model.weights != nil) else {
      throw CoordinationError.setting("model.weights", reason: "and the weights that were sent do not go together")
    }
    guard budget == nil || job.hidesClients else {
      throw CoordinationError.refused([
        "the coordinator keeps a ledger, and the job has no privacy; add privacy: {unit: client, …}"
      ])
    }
    guard id.wholeMatch(of: /[0-9a-f]{8}/) != nil else {
      throw CoordinationError.malformedMessage(from: submitter)
    }
    if let known = try? database.job(id) {
      guard known.submitter == submitter, known.text == text, known.seed == Int64(bitPattern: seed),
        try database.firstWeights(of: id) == first
      else {
        throw CoordinationError.setting("the job's name", reason: "\(id) is that of another job: submit it again")
      }
      return
    }
    try database.add(
      JobRecord(
        id: id, text: text, seed: Int64(bitPattern: seed), submitter: submitter,
        created: Date().timeIntervalSince1970, status: .waiting, failure: nil, exitCode: nil, stopRequested: false,
        workers: workers), first: first)
    wakeUp.yield()
  }

  /// What is known of the workers now.
  public nonisolated var workers: [WorkerStatus] { registry.seats.map(\.status) }

  /// Closes all connections.
  public func close() async {
    wakeUp.finish()
    await registry.closeAll()
    await keyHolders?.closeAll()
    await cluster?.close()
  }
}
