import Coordination
import Crypto
import Foundation
import Links
import Logging
import Paillier
import SecureAggregation
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
  ///   - pinned: the key that the workers' policies name, where it is not that of the shares.
  init(
    workers: [(name: String, rows: WorkerRows)], altered: [String], shares: [KeyShare] = [], pinned: PublicKey? = nil,
    database: RunDatabase, _ alteration: @escaping Alteration
  ) async {
    let coordinator = Coordinator(database: database, paillierKey: shares.first?.key, logger: Federations.quiet)
    let encryptor = (pinned ?? shares.first?.key.publicKey).flatMap { try? PrecomputedEncryptor($0) }
    self.coordinator = coordinator
    let keys = Dictionary(uniqueKeysWithValues: workers.map { ($0.name, P256.Signing.PrivateKey()) })
    let roster = Dictionary(uniqueKeysWithValues: keys.map { (ClientID($0.key), $0.value.publicKey) })
    var tasks = [Task { _ = try? await coordinator.run() }]
    for (name, rows) in workers {
      guard let key = keys[name] else { continue }
      let worker = Worker(
        name: name, key: key, rows: rows, policy: Federations.policy, roster: roster, record: MemoryUnmaskingRecord(),
        encryptor: encryptor, logger: Federations.quiet)
      let outer = MemoryLink.pair(worker: name)
      await coordinator.admit(outer.coordinator, key: key.publicKey)
      guard altered.contains(name) else {
        tasks.append(Task { _ = try? await worker.serve(outer.worker) })
        continue
      }
      let inner = MemoryLink.pair(worker: name)
      tasks.append(Task { _ = try? await worker.serve(inner.worker) })
      tasks.append(Task { await Self.pass(from: outer.worker, to: inner.coordinator) { message, _ in [message] } })
      tasks.append(Task { await Self.pass(from: inner.coordinator, to: outer.worker, alteration) })
    }
    for share in shares {
      let name = "holder-\(share.holder)"
      let holder = KeyHolder(share: share, smallestCohort: 2, logger: Federations.quiet)
      let outer = MemoryLink.pair(Self.peer("coordinator"), Self.peer(name, role: "keyholder"))
      let inner = MemoryLink.pair(Self.peer("coordinator"), Self.peer(name, role: "keyholder"))
      await coordinator.admit(outer.0)
      tasks.append(Task { _ = try? await holder.serve(inner.1) })
      tasks.append(Task { await Self.pass(from: outer.1, to: inner.0) { message, _ in [message] } })
      let isAltered = altered.contains(name)
      tasks.append(
        Task {
          await Self.pass(from: inner.0, to: outer.1) { message, number in
            isAltered ? alteration(message, number) : [message]
          }
        })
    }
    self.tasks = tasks
  }

  static func peer(_ name: String, role: String = "coordinator") -> PeerIdentity {
    PeerIdentity(certificate: [], fingerprint: Array(name.utf8), name: name, role: role)
  }

  private static func pass(from source: MemoryLink, to target: MemoryLink, _ alteration: Alteration) async {
    var number = 0
    while let message = try? await source.receive(within: .seconds(600)) {
      for altered in alteration(message, number) {
        if (try? await target.send(altered)) == nil { return }
      }
      number += 1
    }
  }

  func run(_ text: String) async throws -> (outcome: JobOutcome, weights: [Float], rounds: [RoundRecord]) {
    let ends = MemoryLink.pair(
      .init(certificate: [], fingerprint: [1], name: "coordinator", role: "coordinator"),
      .init(certificate: [], fingerprint: [2], name: "owner", role: "client"))
    await coordinator.admit(ends.0)
    var rounds: [RoundRecord] = []
    defer { for task in tasks { task.cancel() } }
    let result = try await Submission(ends.1).run(text, seed: 5) { news in
      if case .round(let record) = news { rounds.append(record) }
    }
    return (result.outcome, result.weights, rounds)
  }
}
