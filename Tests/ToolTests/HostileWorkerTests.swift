import Foundation
import Links
import Logging
import Tacit
import TestSupport
import Testing

/// A coordinator and two workers that are processes, and one that breaks the rules.
extension ToolTests {
  private static let options = "aggregation: open, minimumClients: 2, quorum: 0.6, deadlineSeconds: 2"

  @Test(arguments: UpdateFault.allCases)
  func aProcessLeavesOutAWorkerThatBreaksTheRules(fault: UpdateFault) async throws {
    let federation = try await ProcessFederation(self, rounds: 2, present: 2, options: Self.options)
    let tasks = try await join("bank-c", federation) { message, _ in fault.alter(message) }
    let run = try await federation.finish()
    for task in tasks { task.cancel() }
    #expect(run.status == 0, "\(run.errors)")
    let expected = fault == .replay ? ProcessFederation.banks : Array(ProcessFederation.banks.prefix(2))
    #expect(try federation.rounds().map(\.contributors) == [expected, expected])
    #expect(try federation.weights().allSatisfy { $0.scalars.allSatisfy(\.isFinite) })
  }

  /// Frames and certificates that nobody should send come before the honest worker does, and while it works.
  @Test func aProcessOutlivesForgedCertificatesAndHugeFrames() async throws {
    let federation = try await ProcessFederation(
      self, rounds: 40, present: 2, options: "aggregation: open, minimumClients: 3, deadlineSeconds: 20")
    #expect(try tacit("keys", "init", "other").status == 0)
    #expect(try tacit("keys", "issue", "other", "--role", "worker", "--name", "bank-c", "--out", "forged").status == 0)
    try await expectRefusal("forged", federation)
    try await expectRefusal("owner-as-worker", federation)
    let tasks = try await join("bank-c", federation) { message, _ in [message] }
    try await federation.wait(forRounds: 5)
    let caller = try await HostileCaller(port: federation.port, tls: tls("bank-b"))
    try? await caller.send(HostileCaller.hello())
    try? await caller.send([0x82, 0xFF, 0x7F, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0])
    try await expectRefusal("forged", federation)
    let run = try await federation.finish()
    for task in tasks { task.cancel() }
    #expect(run.status == 0, "\(run.errors)")
    #expect(try federation.rounds().count == 40)
  }

  /// The coordinator hangs up on an identity of another authority, or on a party's, which has no place here.
  private func expectRefusal(_ name: String, _ federation: ProcessFederation) async throws {
    if name == "owner-as-worker" {
      #expect(try tacit("keys", "issue", "authority", "--role", "party", "--name", "bank-c", "--out", name).status == 0)
    }
    // It takes the coordinator for good, so that only the coordinator objects.
    let identity = try NodeIdentity.load(from: path(name))
    let trusted = try NodeIdentity.load(from: path("bank-a"))
    let settings = try identity.tlsSettings(trusted.policy(accepting: [.coordinator]))
    let error = await #expect(throws: LinkError.self) {
      _ = try await WebSocketDialer.connect(to: federation.address, tls: settings, within: .seconds(60))
    }
    guard case .refused = error else {
      Issue.record("\(name): \(String(describing: error))")
      return
    }
  }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  private func tls(_ name: String) throws -> TLSSettings {
    let identity = try NodeIdentity.load(from: path(name))
    return try identity.tlsSettings(identity.policy(accepting: [.coordinator]))
  }

  /// A worker of this process, whose messages to the coordinator are altered.
  private func join(
    _ bank: String, _ federation: ProcessFederation,
    _ alteration: @escaping @Sendable (LinkMessage, Int) -> [LinkMessage]
  ) async throws -> [Task<Void, Never>] {
    let policy = WorkerPolicy(smallestCohort: 2, aggregations: [.open])
    let worker = try Worker(
      identity: try NodeIdentity.load(from: path(bank)), rows: .table(path: path(bank + ".csv")), policy: policy,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let outer = try await WebSocketDialer.connect(to: federation.address, tls: tls(bank), within: .seconds(60))
    let inner = MemoryLink.pair(worker: bank)
    return [
      Task { _ = try? await worker.serve(inner.worker) }, Task { await outer.pass(on: inner.coordinator) },
      Task { await inner.coordinator.pass(on: outer, alteration) },
    ]
  }
}
