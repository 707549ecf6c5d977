import Foundation
public import Identity
import Learning
public import Links
public import Logging
import SecureAggregation

/// A data owner's agent: answers one coordinator's questions as far as the owner's policy allows.
///
/// Rows stay here. What leaves is what the job's aggregation shows of an update, and the owner's log says what was asked.
public actor Worker {
  let name: String
  let identity: NodeIdentity?
  let rows: WorkerRows
  let policy: WorkerPolicy
  let roster: Roster
  let record: any UnmaskingRecord
  let logger: Logger
  private var job: WorkerJob?

  /// - Parameter record: where it is written down that an unmasking was answered; in memory where the process is the worker's life.
  public init(
    identity: NodeIdentity, rows: WorkerRows, policy: WorkerPolicy, record: (any UnmaskingRecord)? = nil, logger: Logger
  ) throws {
    name = identity.name
    self.identity = identity
    self.rows = rows
    self.policy = policy
    self.record = record ?? MemoryUnmaskingRecord()
    self.logger = logger
    var roster: Roster = [:]
    for path in policy.roster {
      let (name, key) = try CertifiedKey.load(from: path)
      roster[ClientID(name)] = key
    }
    self.roster = roster
  }

  /// Answers what the coordinator at the other end asks, until the link ends.
  ///
  /// - Throws: `LinkError`, ``CoordinationError``.
  public func serve(_ link: any Link) async throws {
    while true {
      let message = try await link.receive(within: .seconds(365 * 86_400))
      let question: Question = try MessageCoding.header(of: message, from: link.peer.name)
      guard let (reply, body) = await answer(question.message, message.body, of: link.peer) else { continue }
      try await link.send(
        try MessageCoding.message(WorkerMessage(question: question.number, reply: reply), body: body))
    }
  }

  /// The reply to one message; none where none is asked for.
  private func answer(
    _ message: CoordinatorMessage, _ body: LinkBody, of coordinator: PeerIdentity
  ) async -> (WorkerMessage.Reply, LinkBody)? {
    do {
      switch message {
      case .offer(let offer): return (try consider(offer, of: coordinator), .none)
      case .prepare(let preprocessing):
        try working().prepare(preprocessing)
        return (.ready, .none)
      case .task(let header): return try working().perform(header, body)
      case .stage(let task, _, let clients):
        return (.stage, try await working().stage(of: task, clients: clients, body, worker: self))
      case .finished(let id, let failure):
        logger.info("job is over", metadata: ["job": "\(id)", "failure": "\(failure ?? "none")"])
        job = nil
        return nil
      }
    } catch {
      logger.warning("a question could not be answered", metadata: ["reason": "\(error)"])
      return (.failed(reason: "\(error)"), .none)
    }
  }

  private func working() throws -> WorkerJob {
    guard let job else { throw CoordinationError.protocolBreach("a task of a job that was not offered") }
    return job
  }

  private func consider(_ offer: JobOffer, of coordinator: PeerIdentity) throws -> WorkerMessage.Reply {
    var offered = try Job.parse(offer.text)
    offered.training.seed = offer.seed
    let objection = objection(to: offered, of: coordinator)
    logger.info(
      "a job was offered",
      metadata: [
        "job": "\(offer.job)", "coordinator": "\(coordinator.name)",
        "aggregation": "\(offered.federated?.aggregation.rawValue ?? "none")", "answer": "\(objection ?? "accepted")",
      ])
    if let objection { return .refused(reason: objection) }
    job = try WorkerJob(offer.job, offered, name: name, rows: rows)
    return .accepted
  }

  private func objection(to job: Job, of coordinator: PeerIdentity) -> String? {
    if let pins = policy.coordinators, !pins.contains(coordinator.fingerprint) {
      return "the policy does not name the coordinator \(coordinator.name)"
    }
    if let objection = policy.objection(to: job, columns: rows.columns(read: job)) { return objection }
    if job.federated?.aggregation == .masked, roster[ClientID(name)] == nil {
      return "it aggregates with masked, and the policy's roster does not name this worker"
    }
    return nil
  }
}
