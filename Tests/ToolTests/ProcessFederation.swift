import Foundation
import Processes
import Tacit
import TestSupport
import Testing

/// Three banks with tables of their own, a coordinator and a job's owner, all processes that can be killed; workers call through
/// proxies that can be cut.
final class ProcessFederation {
  static let banks = ["bank-a", "bank-b", "bank-c"]

  private let tool: ToolTests
  private let ports: ReservedPorts
  /// What stands between each worker and the coordinator.
  private let proxies: [FaultyProxy]
  private var hub: ToolTests.Started?
  private var workers: [ToolTests.Started] = []
  private var owner: ToolTests.Started?

  /// - Parameters:
  ///   - present: how many of the banks have workers.
  ///   - options: of the job's federated part, after the number of workers.
  init(_ tool: ToolTests, rounds: Int, present: Int = 3, options: String) async throws {
    self.tool = tool
    let ports = try ReservedPorts.take(1)
    self.ports = ports
    var proxies: [FaultyProxy] = []
    for _ in Self.banks { proxies.append(try await FaultyProxy.start(to: ports.numbers[0])) }
    self.proxies = proxies
    try Self.issueIdentities(tool)
    let roster = Self.banks.map { $0 + "/certificate.pem" }.joined(separator: ", ")
    try tool.write("policy.yaml", "roster: [\(roster)]\naggregations: [masked, open]\nsmallestCohort: 2\n")
    try tool.write(
      "job.yaml",
      """
      model: {layers: [{dense: 8}, relu, {dense: 1}, sigmoid]}
      data: {target: label, test: 0.2}
      training: {batch: 8, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.2}}, seed: 3}
      mode: federated
      federated: {workers: 3, rounds: \(rounds), localEpochs: 2, \(options)}
      coordinator: \(address)
      """)
    try startCoordinator()
    workers = try (0..<present).map(started)
    owner = try tool.start(["train", "job.yaml", "--identity", "owner", "--output", "run", "--json"])
  }

  /// Starts a coordinator on the state that is there.
  func startCoordinator() throws {
    hub = try tool.start(
      [
        "coordinator", "--identity", "hub", "--listen", "127.0.0.1:\(port)", "--state", "run.sqlite",
        "--record", "seen",
      ], input: Pipe())
  }

  /// Where the coordinator listens.
  var address: String { "wss://127.0.0.1:\(port)" }
  var port: Int { ports.numbers[0] }

  private func started(_ index: Int) throws -> ToolTests.Started {
    let bank = Self.banks[index]
    return try tool.start(
      [
        "worker", "--name", bank, "--data", bank + ".csv", "--identity", bank, "--coordinator",
        "wss://127.0.0.1:\(proxies[index].port)", "--policy", "policy.yaml",
      ], input: Pipe())
  }

  func killCoordinator() throws {
    let process = try #require(hub).process
    #expect(kill(process.processIdentifier, SIGKILL) == 0)
    process.waitUntilGone()
  }

  /// Kills a worker and starts it again.
  func replaceWorker(_ index: Int) throws {
    #expect(kill(workers[index].process.processIdentifier, SIGKILL) == 0)
    workers[index].process.waitUntilGone()
    workers[index] = try started(index)
  }

  /// Stops a worker, or the coordinator for `nil`, and lets it go on after a while.
  func pause(_ index: Int?, for time: Duration) async throws {
    let process = try #require(index.map { workers[$0] } ?? hub).process
    #expect(kill(process.processIdentifier, SIGSTOP) == 0)
    try await Task.sleep(for: time)
    #expect(kill(process.processIdentifier, SIGCONT) == 0)
  }

  /// Cuts a worker's connection; it comes through again after a while.
  func cut(_ index: Int, for time: Duration) async throws { try await proxies[index].cut(for: time) }

  /// Until the coordinator has committed so many rounds, or the training has ended.
  func wait(forRounds count: Int) async throws {
    let state = tool.folder.appendingPathComponent("run.sqlite").path
    try await wait { FileManager.default.fileExists(atPath: state) && (try? rounds().count) ?? 0 >= count }
  }

  /// Until the coordinator has seen an answer of a stage, by what its record calls it, of a round.
  func wait(for stage: String, of round: Int) async throws {
    let index = tool.folder.appendingPathComponent("seen/index.jsonl")
    try await wait {
      guard let text = try? String(contentsOf: index, encoding: .utf8) else { return false }
      return text.split(separator: "\n").contains {
        $0.contains("\"what\":\"\(stage)\"") && $0.contains("\"round\":\(round),")
      }
    }
  }

  private func wait(_ condition: () -> Bool) async throws {
    let owner = try #require(owner).process
    while owner.isRunning {
      if condition() { return }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  /// What the owner's program printed, and the coordinator's complaints where it failed, once it has ended; then the others are ended.
  func finish() async throws -> ToolTests.Run {
    let owner = try #require(owner)
    owner.process.waitUntilGone()
    await stop()
    let run = try owner.run()
    guard run.status != 0, let hub else { return run }
    return ToolTests.Run(
      status: run.status, output: run.output,
      errors: run.errors + "; the coordinator: " + (try String(contentsOf: hub.errors, encoding: .utf8)))
  }

  /// The weights that the owner got.
  func weights() throws -> [Tensor<Float>] {
    let file = try ModelFile.load(from: tool.folder.appendingPathComponent("run/model.tacit").path)
    return file.weights.sorted { $0.key < $1.key }.map(\.value)
  }

  /// The rounds in the coordinator's state.
  func rounds() throws -> [RoundRecord] {
    let database = try RunDatabase.existing(path: tool.folder.appendingPathComponent("run.sqlite").path)
    return try database.jobs().first.map { try database.rounds(of: $0.id) } ?? []
  }

  private func stop() async {
    for started in workers + [hub, owner].compactMap({ $0 }) { started.process.end() }
    for proxy in proxies { await proxy.stop() }
  }

  deinit { for started in workers + [hub, owner].compactMap({ $0 }) { started.process.end() } }

  /// Certificates of one authority for the banks, a coordinator and a job's owner, and the banks' tables.
  static func issueIdentities(_ tool: ToolTests) throws {
    try #expect(tool.tacit("keys", "init", "authority").status == 0)
    for (role, name) in banks.map({ ("worker", $0) }) + [("coordinator", "hub"), ("client", "owner")] {
      #expect(try tool.tacit("keys", "issue", "authority", "--role", role, "--name", name, "--out", name).status == 0)
    }
    for (index, bank) in banks.enumerated() { try tool.write(bank + ".csv", table(of: index)) }
  }

  static func table(of bank: Int) -> String {
    var table = "a,b,label\n"
    for row in 0..<80 {
      let (a, b) = (Double((row + bank) * 37 % 100) / 100, Double((row + 3 * bank) * 53 % 90) / 90)
      table += "\(a),\(b),\(a + b > 1 ? "yes" : "no")\n"
    }
    return table
  }
}
