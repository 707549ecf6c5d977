import Crypto
public import Federation
import Foundation
import Identity
public import Links
public import Logging
public import Paillier
import SecureAggregation
import Serving
import Transports

/// A coordinator and workers as tasks of this process, over links in memory: the same code and the same messages.
public final class MemoryFederation: Sendable {
  public let coordinator: Coordinator
  private let tasks: [Task<Void, Never>]

  /// - Parameters:
  ///   - tables: each worker's rows, by name.
  ///   - policy: all workers' policy; its roster is all of them, and its key that of the shares.
  ///   - shares: each key-holder's; none where there is no key.
  ///   - hasParties: whether there are three parties that add up shares.
  ///   - averaging: in place of the server's part of a job's strategy, as ``Coordinator`` takes it.
  ///   - consents: of the workers that ask their owners, by name.
  public init(
    tables: [(name: String, rows: WorkerRows)], policy: WorkerPolicy, shares: [KeyShare] = [], hasParties: Bool = false,
    database: RunDatabase, recorder: RunRecorder? = nil, budget: PrivacyBudgetSource? = nil,
    averaging: (any AveragingStrategy)? = nil, consents: [String: OwnersConsent] = [:], logger: Logger
  ) async {
    let trust = hasParties ? MemoryTrust(workers: tables.map(\.name)) : nil
    let coordinator = Coordinator(
      database: database, recorder: recorder, paillierKey: shares.first?.key, cluster: trust?.cluster,
      budget: budget, averaging: averaging, logger: logger)
    // Keys that are dealt have a base of short randomness.
    let encryptor = shares.first.flatMap { try? PrecomputedEncryptor($0.key.publicKey) }
    self.coordinator = coordinator
    let keys = Dictionary(
      uniqueKeysWithValues: tables.map { ($0.name, trust?.workers[$0.name]?.signingKey ?? P256.Signing.PrivateKey()) })
    let roster = Dictionary(uniqueKeysWithValues: keys.map { (ClientID($0.key), $0.value.publicKey) })
    var tasks = [Task { _ = try? await coordinator.run() }]
    for (name, rows) in tables {
      let ends = MemoryLink.pair(worker: name)
      guard let key = keys[name] else { continue }
      let worker = Worker(
        name: name, key: key, rows: rows, policy: policy, roster: roster, record: MemoryUnmaskingRecord(),
        encryptor: encryptor, sharing: trust?.sharing(of: name), consent: consents[name], logger: logger)
      await coordinator.admit(ends.coordinator, key: key.publicKey)
      tasks.append(Task { _ = try? await worker.serve(ends.worker) })
    }
    for share in shares {
      let holder = KeyHolder(share: share, smallestCohort: policy.smallestCohort, logger: logger)
      let ends = MemoryLink.pair(
        Self.peer("coordinator", "coordinator"), Self.peer("holder-\(share.holder)", "keyholder"))
      await coordinator.admit(ends.0)
      tasks.append(Task { _ = try? await holder.serve(ends.1) })
    }
    self.tasks = tasks
  }

  private static func peer(_ name: String, _ role: String) -> PeerIdentity {
    PeerIdentity(certificate: [], fingerprint: Array(name.utf8), name: name, role: role)
  }

  /// A link on which a job's owner talks to the coordinator.
  public func submitter() async -> any Link {
    let ends = MemoryLink.pair(Self.peer("coordinator", "coordinator"), Self.peer("owner", "client"))
    await coordinator.admit(ends.0)
    return ends.1
  }

  public func stop() async {
    for task in tasks { task.cancel() }
    await coordinator.close()
  }
}
