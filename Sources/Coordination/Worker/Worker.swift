import Arithmetic
package import Crypto
import Datasets
public import Identity
import Learning
public import Links
public import Logging
package import Paillier
public import SecureAggregation
package import Serving
import Tensors
import Transports

/// A data owner's agent: answers one coordinator's questions as far as the owner's policy allows.
///
/// Rows stay here. What leaves is what the job's aggregation shows of an update, and the owner's log says what was asked.
public actor Worker {
  private let name: String
  private let key: P256.Signing.PrivateKey
  private let rows: WorkerRows
  private let policy: WorkerPolicy
  private let roster: Roster
  private let record: any UnmaskingRecord
  /// Under the key that the policy names.
  private let encryptor: PrecomputedEncryptor?
  /// Where its policy names parties.
  private let sharing: SharingIdentity?
  /// Likewise, for its rows.
  private let parties: (any RowSharing)?
  private let account: WorkerAccount
  private let consent: OwnersConsent?
  private let logger: Logger
  private var job: WorkerJob?
  /// How long the job's last training took; nothing before the first.
  private var taskDuration: Duration?
  /// Where it took no longer, the next one and judging alone are done where messages come in.
  private static let quickTask = Duration.milliseconds(2)
  private static let forever = Duration.seconds(365 * 86_400)

  /// - Parameters:
  ///   - record: where it is written down that an unmasking was answered; in memory where that is the worker's whole life.
  ///   - consent: asked of every job that the policy allows, before any row is read; without it, the policy alone decides.
  /// - Throws: `IdentityError` where a certificate of the policy's roster cannot be read, ``CoordinationError`` where its
  ///   key cannot.
  public init(
    identity: NodeIdentity, rows: WorkerRows, policy: WorkerPolicy,
    record: any UnmaskingRecord = MemoryUnmaskingRecord(), consent: OwnersConsent? = nil,
    logger: Logger = Logger(label: "tacit.worker")
  ) throws {
    let account = try WorkerAccount(policy, worker: identity.name)
    self.init(
      name: identity.name, key: identity.signingKey, rows: rows, policy: policy, roster: try policy.members(),
      record: record,
      encryptor: try policy.paillierKey.map { try PrecomputedEncryptor(KeyFiles.key(at: $0).publicKey) },
      sharing: try policy.cluster.map { path in
        SharingIdentity(identity, pins: try ClusterFile.load(from: path).parties.map(\.certificate))
      },
      parties: try policy.cluster.map { RemoteRowSharing(try ClusterFile.load(from: $0), as: identity) },
      account: account, consent: consent, logger: logger)
  }

  /// A worker without an identity on disk, for simulations.
  package init(
    name: String, key: P256.Signing.PrivateKey, rows: WorkerRows, policy: WorkerPolicy, roster: Roster,
    record: any UnmaskingRecord, encryptor: PrecomputedEncryptor? = nil, sharing: SharingIdentity? = nil,
    parties: (any RowSharing)? = nil, consent: OwnersConsent? = nil, logger: Logger
  ) {
    self.init(
      name: name, key: key, rows: rows, policy: policy, roster: roster, record: record, encryptor: encryptor,
      sharing: sharing, parties: parties, account: WorkerAccount(limit: policy.largestEpsilon), consent: consent,
      logger: logger)
  }

  private init(
    name: String, key: P256.Signing.PrivateKey, rows: WorkerRows, policy: WorkerPolicy, roster: Roster,
    record: any UnmaskingRecord, encryptor: PrecomputedEncryptor?, sharing: SharingIdentity?,
    parties: (any RowSharing)?, account: sending WorkerAccount, consent: OwnersConsent?, logger: Logger
  ) {
    self.account = account
    self.consent = consent
    self.name = name
    self.key = key
    self.rows = rows
    self.policy = policy
    self.roster = roster
    self.record = record
    self.encryptor = encryptor
    self.sharing = sharing
    self.parties = parties
    self.logger = logger
  }

  /// Answers what the coordinator at the other end asks, until the link ends.
  ///
  /// - Throws: `LinkError`, ``CoordinationError``.
  public func serve(_ link: any Link) async throws {
    while true {
      let (message, question) = try await doQuickTasks(link)
      try await answer(question, message.body, on: link)
    }
  }

  /// Does what takes less time than to wake another thread, on the thread that messages come in on, until there is a question of
  /// another kind: gives that one.
  private func doQuickTasks(_ link: any Link) async throws -> (LinkMessage, Question) {
    try await withTaskExecutorPreference(link.executor) {
      while true {
        let message = try await link.receive(within: Self.forever)
        let question = try MessageCoding.question(of: message, from: link.peer.name)
        guard isQuick(question.message) else { return (message, question) }
        try await answer(question, message.body, on: link)
      }
    }
  }

  /// Whether this is a task as the last one, which was quick, and nothing is to be hidden.
  private func isQuick(_ message: CoordinatorMessage) -> Bool {
    guard case .task(let header) = message, header.hiding == nil, header.kind == .train || header.kind == .evaluate,
      let taskDuration, job?.hidesClient == false
    else { return false }
    return taskDuration <= Self.quickTask
  }

  private func answer(_ question: Question, _ body: LinkBody, on link: any Link) async throws {
    guard let (reply, body) = await answer(question.message, body, of: link.peer) else { return }
    let message = try MessageCoding.message(WorkerMessage(question: question.number, reply: reply), body: body)
    if try !link.sendAtOnce(message) { try await link.send(message) }
  }

  /// The reply to one message; none where none is asked for.
  private func answer(
    _ message: CoordinatorMessage, _ body: LinkBody, of coordinator: PeerIdentity
  ) async -> (WorkerMessage.Reply, LinkBody)? {
    do {
      switch message {
      case .offer(let offer): return (try await consider(offer, of: coordinator), .none)
      case .prepare(let preprocessing):
        taskDuration = nil
        try working().prepare(preprocessing)
        return (.ready, .none)
      case .task(let header):
        let job = try working()
        if header.kind == .train { try account.spend(on: header.round, of: job.id) }
        let start = ContinuousClock.now
        // What fails at once says nothing of the next one.
        if header.kind == .train { taskDuration = nil }
        let answer = try job.perform(header, body)
        if header.kind == .train { taskDuration = .now - start }
        return answer
      case .stage(let task, _, let clients):
        var half = try working().takeContribution(to: task) { try begin(task, clients, $0, $1, $2) }
        let answer = try await half.answer(body)
        try working().keep(half, of: task)
        return (.stage, answer)
      case .shareRows(let request): return (try await shareRows(request, for: coordinator), .none)
      case .finished(let id, let failure):
        logger.info("job is over", metadata: ["job": "\(id)", "failure": "\(failure ?? "none")"])
        job = nil
        try account.settle(id)
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

  /// This worker's half of an aggregation.
  private func begin(
    _ task: Int, _ clients: [String], _ plan: HidingPlan, _ context: [UInt8], _ words: [UInt64]
  ) throws -> any HidingClient {
    let job = try working()
    guard clients.count >= policy.smallestCohort else {
      throw CoordinationError.protocolBreach("a sum of fewer workers than the policy allows")
    }
    switch job.federated.aggregation {
    case .masked:
      return try MaskedContribution(
        plan, clientCount: clients.count, context: context, words: words, name: name, key: key, roster: roster,
        record: record)
    case .paillier:
      guard let encryptor else { throw CoordinationError.protocolBreach("encryption without a key") }
      return try PaillierContribution(plan, clients: clients, words: words, encryptor: encryptor)
    case .shared:
      guard let sharing else { throw CoordinationError.protocolBreach("shares for parties that nobody named") }
      return try SharedContribution(
        plan, job: job.id, attempt: task, clients: clients, words: words, identity: sharing)
    case .open: throw CoordinationError.protocolBreach("a stage of an aggregation that has none")
    }
  }

  /// Shares this worker's rows for a training on shares, if the policy allows it.
  private func shareRows(
    _ request: RowsRequest, for coordinator: PeerIdentity
  ) async throws -> WorkerMessage.Reply {
    var job = try Job.parse(request.text)
    job.training.seed = request.seed
    var objection = stranger(coordinator) ?? policy.objection(toRowsFor: job) ?? objection(toParties: request.parties)
    if objection == nil { objection = await ownersObjection(to: job, of: coordinator) }
    logger.info(
      "rows were asked for, in shares",
      metadata: [
        "coordinator": "\(coordinator.name)", "columns": "\(job.namedColumns.joined(separator: " "))",
        "answer": "\(objection ?? "accepted")",
      ])
    if let objection { return .refused(reason: objection) }
    guard let parties, let owner = job.encrypted?.owners.compactMap(\.name).firstIndex(of: name) else {
      return .refused(reason: "the job does not name this worker as an owner")
    }
    guard case .table(let path) = rows else {
      return .refused(reason: "this worker has no table of its own; start it with --data FILE")
    }
    let prepared = try PreparedJob(job, environment: [:], part: .table(path))
    if let objection = try account.objection(toRowsFor: job) {
      logger.info("the training spends too much", metadata: ["reason": "\(objection)"])
      return .refused(reason: objection)
    }
    let byteCount = try await parties.share(prepared, owner: owner, name: name)
    logger.info("rows are shared", metadata: ["rows": "\(prepared.data.train.rowCount)", "bytes": "\(byteCount)"])
    return .shared(rows: prepared.data.train.rowCount, testRows: prepared.data.test.rowCount)
  }

  private func objection(toParties offered: [String]) -> String? {
    guard let parties else { return "it trains among parties, and the policy names none; write cluster: FILE" }
    return offered == parties.fingerprints.map(Hexadecimal.text)
      ? nil : "it trains among other parties than those of the policy's cluster"
  }

  private func stranger(_ coordinator: PeerIdentity) -> String? {
    guard let pins = policy.coordinators, !pins.contains(coordinator.fingerprint) else { return nil }
    return "the policy does not name the coordinator \(coordinator.name)"
  }

  /// What the policy leaves open, the owner decides.
  private func ownersObjection(to job: Job, of coordinator: PeerIdentity) async -> String? {
    guard let consent else { return nil }
    return await consent(JobProposal(coordinator: coordinator.name, job: job)) ? nil : "its owner did not agree"
  }

  private func consider(_ offer: JobOffer, of coordinator: PeerIdentity) async throws -> WorkerMessage.Reply {
    var offered = try Job.parse(offer.text)
    offered.training.seed = offer.seed
    var objection =
      objection(to: offered, of: coordinator) ?? objection(to: offered, key: offer.paillierKey)
      ?? objection(to: offered, parties: offer.parties)
    if objection == nil { objection = await ownersObjection(to: offered, of: coordinator) }
    logger.info(
      "a job was offered",
      metadata: [
        "job": "\(offer.job)", "coordinator": "\(coordinator.name)",
        "aggregation": "\(offered.federated?.aggregation.rawValue ?? "none")", "answer": "\(objection ?? "accepted")",
      ])
    if let objection { return .refused(reason: objection) }
    let table = try rows.table(for: offered, policy)
    if let objection = try account.objection(to: offered, named: offer.job, example: table.exampleShape) {
      logger.info("the job spends too much", metadata: ["job": "\(offer.job)", "reason": "\(objection)"])
      return .refused(reason: objection)
    }
    let job = try WorkerJob(offer, offered, name: name, table: table)
    self.job = job
    taskDuration = nil
    return .accepted(outline: job.outline, example: job.table.exampleShape?.extents)
  }

  private func objection(to job: Job, of coordinator: PeerIdentity) -> String? {
    if let objection = stranger(coordinator) { return objection }
    if let objection = policy.objection(to: job) { return objection }
    if job.federated?.aggregation == .masked, roster[ClientID(name)] == nil {
      return "it aggregates with masked, and the policy's roster does not name this worker"
    }
    return nil
  }

  /// A coordinator could run any parties that it names itself: only those that the policy names will do.
  private func objection(to job: Job, parties offered: [String]?) -> String? {
    guard job.federated?.aggregation == .shared else { return nil }
    guard let sharing else {
      return "it shares updates among parties, and the policy names none; write cluster: FILE"
    }
    return offered == sharing.pins.map(Hexadecimal.text)
      ? nil : "it shares updates among other parties than those of the policy's cluster"
  }

  /// A coordinator could hold any key that it names itself: only one that the policy names will do.
  private func objection(to job: Job, key offered: String?) -> String? {
    guard job.federated?.aggregation == .paillier else { return nil }
    guard let encryptor else {
      return "it aggregates with paillier, and the policy names no key; write paillierKey: FILE"
    }
    let pinned = Hexadecimal.text(encryptor.publicKey.fingerprint)
    return offered == pinned
      ? nil : "it encrypts under the key \(offered ?? "of nobody"), and the policy's paillierKey is \(pinned)"
  }
}
