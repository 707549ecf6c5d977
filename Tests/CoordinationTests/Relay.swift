import Coordination
import Crypto
import Foundation
import Links
import Logging
import SecureAggregation
import Transports

/// A federation in which what one worker says is altered on its way, as a hostile or broken worker would.
struct Relay {
  /// Gets a worker's message and its number, from 0, and gives what the coordinator receives instead.
  typealias Alteration = @Sendable (LinkMessage, Int) -> [LinkMessage]

  let coordinator: Coordinator
  let tasks: [Task<Void, Never>]

  /// - Parameters:
  ///   - workers: all of them, with their rows.
  ///   - altered: those whose messages are altered.
  init(
    workers: [(name: String, rows: WorkerRows)], altered: [String], database: RunDatabase,
    _ alteration: @escaping Alteration
  ) async {
    let coordinator = Coordinator(database: database, logger: Federations.quiet)
    self.coordinator = coordinator
    let keys = Dictionary(uniqueKeysWithValues: workers.map { ($0.name, P256.Signing.PrivateKey()) })
    let roster = Dictionary(uniqueKeysWithValues: keys.map { (ClientID($0.key), $0.value.publicKey) })
    var tasks = [Task { _ = try? await coordinator.run() }]
    for (name, rows) in workers {
      guard let key = keys[name] else { continue }
      let worker = Worker(
        name: name, key: key, rows: rows, policy: Federations.policy, roster: roster, record: MemoryUnmaskingRecord(),
        logger: Federations.quiet)
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
    self.tasks = tasks
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
