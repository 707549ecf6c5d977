import Datasets
public import Identity
public import Learning
public import Privacy
import Sharing
import Transports

/// One of a job's owners, who shares its rows among the running parties of the job's cluster; nobody else has them.
public struct RowOwner: Sendable {
  /// What was shared.
  public struct Outcome: Codable, Sendable {
    public var owner: String
    public var rows: Int
    public var testRows: Int
    /// Payload to all parties together.
    public var bytesSent: Int
  }

  private let job: Job
  private let name: String
  private let identity: NodeIdentity

  /// - Parameter identity: a client's, with the owner's name in its certificate.
  public init(_ job: Job, name: String, identity: NodeIdentity) {
    self.job = job
    self.name = name
    self.identity = identity
  }

  /// Prepares the owner's rows by what the job declares, and shares them.
  ///
  /// - Parameter reserve: called with what a private training releases, before any row is shared.
  /// - Throws: `LearningError`, `DatasetError`, ``ServingError`` or `ChannelError`.
  public func run(reserve: (PrivacyEvent) throws -> Void = { _ in }) async throws -> Outcome {
    guard let file = job.cluster, job.hasSeparateOwners, let part = job.encrypted, job.coordinator == nil else {
      throw ServingError.badRequest("the job names no cluster, or no owners that share their rows by themselves")
    }
    let names = part.owners.compactMap(\.name)
    guard let index = names.firstIndex(of: name) else {
      throw ServingError.badRequest("the job has no owner \"\(name)\": its owners are \(names.joined(separator: ", "))")
    }
    guard identity.name == name else {
      throw ServingError.badRequest("the identity is that of \(identity.name): owner \(name) needs one of its own")
    }
    let cluster = try ClusterFile.load(from: file)
    try ClusterScheme(part).check(cluster, file: file)
    let prepared = try PreparedJob(job, environment: [:], part: .owner(index))
    let loop = SocketLoop(name: "owner", spin: .zero)
    defer { loop.shutdown() }
    let client = try await ClusterClient.connect(
      to: cluster, as: identity, loop: loop, patience: .seconds(part.deadlineSeconds))
    if let event = try EncryptedPrivacy(job)?.event { try reserve(event) }
    let sent = try await client.share(prepared, owner: index)
    await client.close()
    return Outcome(
      owner: name, rows: prepared.data.train.rowCount, testRows: prepared.data.test.rowCount,
      bytesSent: sent.byteCount)
  }
}

extension ClusterClient {
  /// Shares all rows of one owner of a job, test rows only where they are needed; returns what was sent.
  func share(_ prepared: PreparedJob, owner: Int) async throws -> Cost {
    let job = prepared.job
    let part = job.encrypted ?? Job.EncryptedPart()
    var sent = try await share(
      (prepared.features, prepared.targets), .training, dataset: try job.dataset, owner: owner, agreed: part.reveal,
      fractionBits: part.fractionBits)
    if part.reveal.contains(.metrics) {
      sent =
        sent
        + (try await share(
          prepared.testRows, .test, dataset: try job.dataset, owner: owner, agreed: part.reveal,
          fractionBits: part.fractionBits))
    }
    return sent
  }
}
