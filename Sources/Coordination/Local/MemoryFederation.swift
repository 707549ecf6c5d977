import Crypto
import Foundation
public import Links
public import Logging
import SecureAggregation
import Transports

/// A coordinator and workers as tasks of this process, over links in memory: the same code and the same messages.
public final class MemoryFederation: Sendable {
  public let coordinator: Coordinator
  private let tasks: [Task<Void, Never>]

  /// - Parameters:
  ///   - tables: each worker's rows, by name.
  ///   - policy: all workers' policy; its roster is all of them.
  public init(
    tables: [(name: String, rows: WorkerRows)], policy: WorkerPolicy, database: RunDatabase,
    recorder: RunRecorder? = nil, logger: Logger
  ) async {
    let coordinator = Coordinator(database: database, recorder: recorder, logger: logger)
    self.coordinator = coordinator
    let keys = Dictionary(
      uniqueKeysWithValues: tables.map { ($0.name, P256.Signing.PrivateKey()) })
    let roster = Dictionary(uniqueKeysWithValues: keys.map { (ClientID($0.key), $0.value.publicKey) })
    var tasks = [Task { _ = try? await coordinator.run() }]
    for (name, rows) in tables {
      let ends = MemoryLink.pair(worker: name)
      guard let key = keys[name] else { continue }
      let worker = Worker(
        name: name, key: key, rows: rows, policy: policy, roster: roster, record: MemoryUnmaskingRecord(),
        logger: logger)
      await coordinator.admit(ends.coordinator, key: key.publicKey)
      tasks.append(Task { _ = try? await worker.serve(ends.worker) })
    }
    self.tasks = tasks
  }

  /// A link on which a job's owner talks to the coordinator.
  public func submitter() async -> any Link {
    func peer(_ name: String, _ role: String) -> PeerIdentity {
      PeerIdentity(certificate: [], fingerprint: Array(name.utf8), name: name, role: role)
    }
    let ends = MemoryLink.pair(peer("coordinator", "coordinator"), peer("owner", "client"))
    await coordinator.admit(ends.0)
    return ends.1
  }

  public func stop() async {
    for task in tasks { task.cancel() }
    await coordinator.close()
  }
}
