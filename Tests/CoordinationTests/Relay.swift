import Coordination
import Crypto
import Foundation
import Links
import Logging
import Paillier
import SecureAggregation
import Serving
import TestSupport
import Transports

/// A federation in which what one worker or key-holder says is altered on its way, as a hostile or broken worker would.
struct Relay {
  /// Gets a worker's message and its number, from 0, and gives what the coordinator receives instead.
  typealias Alteration = @Sendable (LinkMessage, Int) -> [LinkMessage]

  let coordinator: Coordinator
  let tasks: [Task<Void, Never>]

  /// - Parameters:
  ///   - workers: all of them, with their rows.
  ///   - altered: those whose messages are altered.
  ///   - shares: those of the key-holders holder-1, holder-2 …
  ///   - hasParties: whether three parties add up shares.
  ///   - budget: the coordinator's ledger.
  ///   - wrapping: what stands between them and the coordinator.
  ///   - rowParties: among whom workers share their rows.
  ///   - questions: what becomes of the coordinator's messages to the altered workers.
  ///   - trusted: is given the parties and the workers' certificates.
  ///   - pinned: the key that the workers' policies name, where it is not that of the shares.
  init(
    workers: [(name: String, rows: WorkerRows)], altered: [String], shares: [KeyShare] = [], pinned: PublicKey? = nil,
    database: RunDatabase, hasParties: Bool = false, policy: WorkerPolicy = Federations.policy,
    rowParties: (any RowSharing)? = nil, budget: PrivacyBudgetSource? = nil,
    wrapping: (any AggregationCluster) -> any AggregationCluster = { $0 }, trusted: (MemoryTrust) -> Void = { _ in },
    questions: @escaping Alteration = { message, _ in [message] }, _ alteration: @escaping Alteration
  ) async {
    let trust = hasParties ? MemoryTrust(workers: workers.map(\.name), wrapping: wrapping) : nil
    if let trust { trusted(trust) }
    let coordinator = Coordinator(
      database: database, paillierKey: shares.first?.key, cluster: trust?.cluster, budget: budget,
      logger: Federations.quiet)
    let encryptor = (pinned ?? shares.first?.key.publicKey).flatMap { try? PrecomputedEncryptor($0) }
    self.coordinator = coordinator
    let keys = Dictionary(uniqueKeysWithValues: workers.map { ($0.name, P256.Signing.PrivateKey()) })
    let roster = Dictionary(uniqueKeysWithValues: keys.map { (ClientID($0.key), $0.value.publicKey) })
    var tasks = [Task { _ = try? await coordinator.run() }]
    for (name, rows) in workers {
      guard let key = keys[name] else { continue }
      let worker = Worker(
        name: name, key: key, rows: rows, policy: policy, roster: roster, record: MemoryUnmaskingRecord(),
        encryptor: encryptor, sharing: trust?.sharing(of: name), parties: rowParties,
        logger: Federations.quiet)
      let outer = MemoryLink.pair(worker: name)
      await coordinator.admit(outer.coordinator, key: key.publicKey)
      guard altered.contains(name) else {
        tasks.append(Task { _ = try? await worker.serve(outer.worker) })
        continue
      }
      let inner = MemoryLink.pair(worker: name)
      tasks.append(Task { _ = try? await worker.serve(inner.worker) })
      tasks.append(Task { await outer.worker.pass(on: inner.coordinator, questions) })
      tasks.append(Task { await inner.coordinator.pass(on: outer.worker, alteration) })
    }
    for share in shares {
      let name = "holder-\(share.holder)"
      let holder = KeyHolder(share: share, smallestCohort: 2, logger: Federations.quiet)
      let outer = MemoryLink.pair(Self.peer("coordinator"), Self.peer(name, role: "keyholder"))
      let inner = MemoryLink.pair(Self.peer("coordinator"), Self.peer(name, role: "keyholder"))
      await coordinator.admit(outer.0)
      tasks.append(Task { _ = try? await holder.serve(inner.1) })
      tasks.append(Task { await outer.1.pass(on: inner.0) })
      let isAltered = altered.contains(name)
      tasks.append(
        Task {
          await inner.0.pass(on: outer.1) { message, number in
            isAltered ? alteration(message, number) : [message]
          }
        })
    }
    self.tasks = tasks
  }

  static func peer(_ name: String, role: String = "coordinator") -> PeerIdentity {
    PeerIdentity(certificate: [], fingerprint: Array(name.utf8), name: name, role: role)
  }

  /// A link on which a job's owner talks to the coordinator.
  func owner() async -> any Link {
    let ends = MemoryLink.pair(
      .init(certificate: [], fingerprint: [1], name: "coordinator", role: "coordinator"),
      .init(certificate: [], fingerprint: [2], name: "owner", role: "client"))
    await coordinator.admit(ends.0)
    return ends.1
  }

  func run(
    _ text: String, news: (Submission.News) -> Void = { _ in }
  ) async throws -> (outcome: JobOutcome, weights: [Float], rounds: [RoundRecord]) {
    let link = await owner()
    var rounds: [RoundRecord] = []
    defer { for task in tasks { task.cancel() } }
    let result = try await Submission(link).run(text, seed: 5) { item in
      news(item)
      if case .round(let record) = item { rounds.append(record) }
    }
    return (result.outcome, result.weights, rounds)
  }
}
