import Foundation
public import Identity
import Links
import NIOConcurrencyHelpers
import Processes

/// A coordinator, workers and, where a job encrypts its updates, key-holders, or where it shares them, parties as processes
/// of this machine, with certificates and keys made for them alone and thrown away after.
///
/// The processes end when ``stop()`` is called or when this process ends, however it ends.
public final class LocalFederation: Sendable {
  /// Where a worker's rows come from.
  public enum Rows: Sendable {
    /// Each worker takes its own part of the job's data.
    case parts(jobFile: String, seed: UInt64, count: Int)
    /// Tables, with the workers' names.
    case tables([(name: String, file: String)])
    /// The caller runs workers of these names, with ``LocalFederation/identity(of:)``.
    case elsewhere([String])

    var names: [String] {
      switch self {
      case .parts(_, _, let count): (1...max(count, 1)).map { "worker-\($0)" }
      case .tables(let tables): tables.map(\.name)
      case .elsewhere(let names): names
      }
    }

    /// How a worker, from 0, is told where its rows are; `nil` where no process is to be started for it.
    fileprivate func options(_ index: Int) -> [String]? {
      switch self {
      case .parts(let jobFile, let seed, _):
        ["--part-of", jobFile, "--seed", String(seed), "--part", String(index + 1)]
      case .tables(let tables): ["--data", tables[index].file]
      case .elsewhere: nil
      }
    }
  }

  public let url: String
  public let client: NodeIdentity
  public let workers: [String]
  private let folder: URL
  private let ports: ReservedPorts
  private let parties: LocalParties?
  private let coordinator: ChildProcess
  private let children: NIOLockedValueBox<[ChildProcess]>

  /// Starts all; they may still be on their way up when this returns.
  ///
  /// - Parameters:
  ///   - executable: the `tacit` program.
  ///   - policy: the workers' policy, but for the roster, which is all of them.
  ///   - state: the coordinator's state file.
  ///   - record: the folder for what the coordinator sees.
  ///   - dealsKey: whether a Paillier key is dealt and key-holders are started, too.
  ///   - ledger: the coordinator's options for the ledger it keeps, if it keeps one.
  ///   - partyDeadline: how long parties that add up shares wait for each other; no parties where nothing is said.
  public static func start(
    executable: String, rows: Rows, policy: WorkerPolicy, state: String, record: String? = nil, dealsKey: Bool = false,
    partyDeadline: Duration? = nil, ledger: [String] = []
  ) throws -> LocalFederation {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    do {
      return try LocalFederation(
        executable: executable, rows: rows, policy: policy, state: state, record: record, dealsKey: dealsKey,
        partyDeadline: partyDeadline, ledger: ledger, folder: folder)
    } catch {
      try? FileManager.default.removeItem(at: folder)
      throw error
    }
  }

  private init(
    executable: String, rows: Rows, policy: WorkerPolicy, state: String, record: String?, dealsKey: Bool,
    partyDeadline: Duration?, ledger: [String], folder: URL
  ) throws {
    self.folder = folder
    workers = rows.names
    let authority = try CertificateAuthority.create(name: "this-machine")
    client = try authority.issue(role: .client, name: "owner", days: 30)
    ports = try ReservedPorts.take(1)
    let address = "127.0.0.1:\(ports.numbers[0])"
    url = "wss://\(address)"
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    func log(_ name: String) -> URL { folder.appendingPathComponent("\(name).log") }
    try authority.issue(role: .coordinator, name: "coordinator", days: 30).save(to: path("coordinator"))
    for name in workers { try authority.issue(role: .worker, name: name, days: 30).save(to: path(name)) }
    var policy = policy
    policy.roster = workers.map { path($0) + "/certificate.pem" }
    let holders = dealsKey ? try LocalKeyHolders(folder: folder, authority: authority) : nil
    policy.paillierKey = holders?.keyFile
    parties = try partyDeadline.map { try LocalParties(folder: folder, authority: authority, deadline: $0) }
    policy.cluster = parties?.file
    let listening =
      ["--listen", address, "--state", state] + ledger + (record.map { ["--record", $0] } ?? [])
      + (holders.map { ["--paillier-key", $0.keyFile] } ?? [])
      + (parties.map { ["--cluster", $0.file] } ?? [])
    try Data(policy.yaml.utf8).write(to: folder.appendingPathComponent("policy.yaml"))
    coordinator = try ChildProcess.start(
      executable: executable,
      arguments: ["coordinator", "run", "--identity", path("coordinator"), "--until-input-ends"] + listening,
      name: "coordinator", log: log("coordinator"))
    var children = [coordinator]
    for (index, name) in workers.enumerated() {
      guard let data = rows.options(index) else { continue }
      children.append(
        try ChildProcess.start(
          executable: executable,
          arguments: [
            "worker", "--name", name, "--identity", path(name), "--coordinator", url, "--policy", path("policy.yaml"),
            "--until-input-ends",
          ] + data, name: name, log: log(name)))
    }
    if let holders {
      children += try holders.start(executable: executable, url: url, smallestCohort: policy.smallestCohort)
    }
    if let parties { children += try parties.start(executable: executable) }
    self.children = NIOLockedValueBox(children)
  }

  /// The certificate and key that were made for a worker.
  public func identity(of worker: String) throws(IdentityError) -> NodeIdentity {
    try NodeIdentity.load(from: folder.appendingPathComponent(worker).path)
  }

  /// Process identifiers: the coordinator's, then the workers', then the key-holders' or the parties'.
  public var processIdentifiers: [Int32] { children.withLockedValue { $0.map(\.identifier) } }

  /// Why a process is no more, if one is not.
  public var epitaph: CoordinationError? {
    children.withLockedValue { children in
      for child in children {
        if let end = child.end { return .exited(name: child.name, status: end.status, reason: end.complaint) }
      }
      return nil
    }
  }

  /// Has the coordinator carry out a job with all workers here, as the job's owner.
  ///
  /// - Throws: ``JobFailure`` with the coordinator's reason, or why a process is no more.
  public func run(
    _ text: String, seed: UInt64, first: [Float]? = nil, news: (Submission.News) -> Void
  ) async throws -> (outcome: JobOutcome, weights: [Float]) {
    do {
      let link = try await WebSocketDialer.connect(
        to: url, tls: try client.tlsSettings(client.policy(accepting: [.coordinator])), within: .seconds(60))
      let result = try await Submission(link).run(text, seed: seed, first: first, workers: workers, news: news)
      await link.close()
      return result
    } catch {
      throw error is JobFailure ? error : epitaph ?? error
    }
  }

  /// Ends the processes and removes their keys.
  public func stop() {
    children.withLockedValue { children in
      for child in children { child.stop() }
      children = []
    }
    try? FileManager.default.removeItem(at: folder)
  }

  deinit { stop() }
}
