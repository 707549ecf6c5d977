import Foundation
import Processes
import Tacit
import Testing

#if canImport(Glibc)
  import Glibc
#endif

extension ToolTests {
  /// A coordinator, three workers and three parties, all started by the command.
  @Test func trainsOnSumsOfShares() throws {
    for index in 0..<3 { try write("\(index).csv", ProcessFederation.table(of: index)) }
    try write(
      "job.yaml",
      """
      model: {layers: [{dense: 4}, relu, {dense: 1}, sigmoid]}
      data: {target: label, test: 0.25}
      training: {batch: 8, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.5}}, seed: 3}
      mode: federated
      federated:
        workers: [{name: a, file: 0.csv}, {name: b, file: 1.csv}, {name: c, file: 2.csv}]
        rounds: 4
        localEpochs: 5
        aggregation: shared
        strategy: {normBound: {limit: 2}}
        deadlineSeconds: 30
      output: run
      """)
    let run = try tacit("train", "job.yaml", "--json", "--record", "seen")
    #expect(run.status == 0, "\(run.errors)")
    let federation = try #require(try run.json()["federation"] as? [String: Any])
    #expect(federation["aggregation"] as? String == "shared")
    #expect((federation["learns"] as? [String: String])?["party"]?.contains("one bit") == true)
    #expect((try run.json()["accuracy"] as? Double ?? 0) > 0.8)
    // Three workers: round 0, four rounds and a judgement.
    let seen = try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("seen").path)
    #expect(seen.filter { $0.hasSuffix(".bin") && !$0.hasPrefix("model-") }.count == 18)
  }

  /// Certificates of one authority, the cluster file of three parties, and those parties.
  private func house() throws -> (parties: [Started], ports: ReservedPorts) {
    try ProcessFederation.issueIdentities(self)
    let ports = try ReservedPorts.take(4)
    var members = "parties:"
    for index in 0..<3 {
      let name = "p\(index)"
      let made = try tacit("keys", "issue", "authority", "--role", "party", "--name", name, "--out", name, "--json")
      let print = try #require(try made.json()["fingerprint"] as? String)
      members += "\n  - {name: \(name), address: '127.0.0.1:\(ports.numbers[index])', certificate: \(print)}"
    }
    try write("cluster.yaml", members + "\ndeadlineSeconds: 10\n")
    return (try (0..<3).map(party), ports)
  }

  private func party(_ index: Int) throws -> Started {
    try start(["party", "--identity", "p\(index)", "--cluster", "cluster.yaml"], input: Pipe())
  }

  private func hub(port: Int) throws -> Started {
    try start(
      [
        "coordinator", "--identity", "hub", "--listen", "127.0.0.1:\(port)", "--state", "run.sqlite", "--cluster",
        "cluster.yaml",
      ], input: Pipe())
  }

  private func worker(_ name: String, port: Int) throws -> Started {
    try start(
      [
        "worker", "--name", name, "--data", name + ".csv", "--identity", name, "--coordinator",
        "wss://127.0.0.1:\(port)", "--policy", "policy.yaml",
      ], input: Pipe())
  }

  private func waitUntil(round: Int, of training: Process) async throws {
    let state = folder.appendingPathComponent("run.sqlite").path
    while training.isRunning {
      if FileManager.default.fileExists(atPath: state), let database = try? RunDatabase.existing(path: state),
        let job = try database.jobs().first, try database.rounds(of: job.id).count >= round
      {
        return
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("the training ended before round \(round): \(training.terminationStatus)")
  }

  /// A party is killed, then the coordinator; both are started again, and the owner gets its model.
  @Test func sharesOutliveAPartyAndTheCoordinator() async throws {
    let banks = ProcessFederation.banks
    var (parties, ports) = try house()
    let port = ports.numbers[3]
    try write("policy.yaml", "aggregations: [shared]\ncluster: cluster.yaml\n")
    try write(
      "job.yaml",
      """
      model: {layers: [{dense: 8}, relu, {dense: 1}, sigmoid]}
      data: {target: label, test: 0.2}
      training: {batch: 8, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.2}}, seed: 3}
      mode: federated
      federated: {workers: 3, rounds: 40, localEpochs: 2, aggregation: shared, deadlineSeconds: 20}
      coordinator: wss://127.0.0.1:\(port)
      """)
    var coordinator = try hub(port: port)
    let workers = try banks.map { try worker($0, port: port) }
    defer {
      for started in parties + workers + [coordinator] { started.process.end() }
      ports.release()
    }
    let training = try start(["train", "job.yaml", "--identity", "owner", "--output", "run", "--json"])
    try await waitUntil(round: 5, of: training.process)
    #expect(kill(parties[1].process.processIdentifier, SIGKILL) == 0)
    parties[1].process.waitUntilGone()
    parties[1] = try party(1)
    try await waitUntil(round: 20, of: training.process)
    #expect(kill(coordinator.process.processIdentifier, SIGKILL) == 0)
    coordinator.process.waitUntilGone()
    coordinator = try hub(port: port)
    training.process.waitUntilGone()
    let run = try training.run()
    #expect(run.status == 0, "\(run.errors)")
    #expect(try run.json()["rounds"] as? Int == 40)
    #expect(try run.json()["accuracy"] as? Double ?? 0 > 0.8)
  }

  /// Updates in a buffer: the coordinator is killed, then a worker; both are started again.
  @Test func workersThatDoNotWaitOutliveTheCoordinator() async throws {
    let federation = try await ProcessFederation(
      self, rounds: 150, options: "aggregation: open, asynchronous: 2, deadlineSeconds: 20")
    try await federation.wait(forRounds: 5)
    try federation.killCoordinator()
    try federation.startCoordinator()
    try await federation.wait(forRounds: 30)
    try federation.replaceWorker(1)
    let run = try await federation.finish()
    #expect(run.status == 0, "\(run.errors)")
    #expect(try run.json()["rounds"] as? Int == 150)
    #expect(try run.json()["accuracy"] as? Double ?? 0 > 0.8)
  }

  /// Three running workers share their rows with running parties; one of them first refuses by its policy.
  @Test func workersShareTheirRowsForATrainingOnShares() async throws {
    let banks = ProcessFederation.banks
    let (parties, ports) = try house()
    let port = ports.numbers[3]
    let policy = "aggregations: [masked]\ncluster: cluster.yaml\ncolumns: [a, b, label]\n"
    try write("policy.yaml", policy + "rowsInShares: [model]\n")
    func job(_ reveal: String, owners: String, extra: String = "") -> String {
      """
      model: {layers: [{dense: 8}, relu, {dense: 1}, sigmoid]}
      data: {target: label, test: 0.25, ranges: {a: [0, 1], b: [0, 1]}, categories: {label: ['no', 'yes']}}
      training: {epochs: 2, batch: 16, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.3, momentum: 0.9}}, seed: 3}
      mode: encrypted
      cluster: cluster.yaml
      encrypted: {reveal: \(reveal), deadlineSeconds: 15, owners: [\(owners)]}
      \(extra)
      """
    }
    let owners = banks.map { "{worker: \($0)}" }.joined(separator: ", ")
    let address = "coordinator: wss://127.0.0.1:\(port)"
    try write("job.yaml", job("[model]", owners: owners, extra: address))
    try write("more.yaml", job("[model, metrics]", owners: owners, extra: address))
    let coordinator = try hub(port: port)
    let workers = try banks.map { try worker($0, port: port) }
    defer {
      for started in parties + workers + [coordinator] { started.process.end() }
      ports.release()
    }
    let refused = try tacit("train", "more.yaml", "--identity", "owner")
    #expect(refused.status == 4, "\(refused.errors)")
    #expect(refused.errors.contains("bank-a: it reveals the metrics"), "\(refused.errors)")
    let trained = try tacit("train", "job.yaml", "--identity", "owner", "--output", "run", "--json")
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(try trained.json()["ownerRows"] as? [Int] == [60, 60, 60])
    // The same rows, shared by clients of these names from their files: the pooled training of issue 3.
    for bank in banks {
      #expect(
        try tacit("keys", "issue", "authority", "--role", "client", "--name", "c-" + bank, "--out", "c-" + bank).status
          == 0)
    }
    let files = banks.map { "{name: c-\($0), file: \($0).csv}" }.joined(separator: ", ")
    try write("files.yaml", job("[model]", owners: files))
    for bank in banks {
      let shared = try tacit("train", "files.yaml", "--owner", "c-" + bank, "--identity", "c-" + bank)
      #expect(shared.status == 0, "\(shared.errors)")
    }
    let pooled = try tacit("train", "files.yaml", "--identity", "owner", "--output", "files", "--json")
    #expect(pooled.status == 0, "\(pooled.errors)")
    let (a, b) = try (weights("run"), weights("files"))
    #expect(a.count == b.count && !a.isEmpty)
    #expect(zip(a, b).allSatisfy { abs($0 - $1) < 0x1p-11 })
  }

  private func weights(_ run: String) throws -> [Float] {
    let file = try ModelFile.load(from: folder.appendingPathComponent(run + "/model.tacit").path)
    return file.weights.sorted { $0.key < $1.key }.flatMap(\.value.scalars)
  }
}
