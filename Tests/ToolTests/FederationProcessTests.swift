import Foundation
import Processes
import Tacit
import Testing

extension ToolTests {
  /// Three banks with tables of their own, a coordinator and a job's owner, all processes. The coordinator is killed, then a
  /// worker; both are started again, and the owner gets its model.
  @Test func aFederationOutlivesItsCoordinatorAndAWorker() async throws {
    try #expect(tacit("keys", "init", "authority").status == 0)
    let banks = ["bank-a", "bank-b", "bank-c"]
    for (role, name) in banks.map({ ("worker", $0) }) + [("coordinator", "hub"), ("client", "owner")] {
      #expect(try tacit("keys", "issue", "authority", "--role", role, "--name", name, "--out", name).status == 0)
    }
    for (index, bank) in banks.enumerated() { try write(bank + ".csv", bankTable(index)) }
    try write(
      "policy.yaml",
      "roster: [\(banks.map { $0 + "/certificate.pem" }.joined(separator: ", "))]\naggregations: [masked]\n")
    let ports = try ReservedPorts.take(1)
    defer { ports.release() }
    let port = ports.numbers[0]
    try write("job.yaml", federatedJob(port: port))

    func coordinator() throws -> Started {
      try start(
        ["coordinator", "--identity", "hub", "--listen", "127.0.0.1:\(port)", "--state", "run.sqlite"], input: Pipe())
    }
    func worker(_ bank: String) throws -> Started {
      try start(
        [
          "worker", "--name", bank, "--data", bank + ".csv", "--identity", bank, "--coordinator",
          "wss://127.0.0.1:\(port)", "--policy", "policy.yaml",
        ], input: Pipe())
    }
    var hub = try coordinator()
    var workers = try banks.map(worker)
    defer { for started in workers + [hub] { started.process.end() } }
    let training = try start(["train", "job.yaml", "--identity", "owner", "--output", "run", "--json"])
    try await waitForRounds(5, of: training.process)
    #expect(kill(hub.process.processIdentifier, SIGKILL) == 0)
    hub.process.waitUntilExit()
    hub = try coordinator()
    try await waitForRounds(15, of: training.process)
    #expect(kill(workers[1].process.processIdentifier, SIGKILL) == 0)
    workers[1].process.waitUntilExit()
    workers[1] = try worker("bank-b")
    training.process.waitUntilExit()
    let run = try training.run()
    #expect(run.status == 0, "\(run.errors)")
    #expect(try run.json()["rounds"] as? Int == 40)
    #expect(try run.json()["accuracy"] as? Double ?? 0 > 0.8)
    let listed = try tacit("coordinator", "jobs", "--state", "run.sqlite", "--json").json()
    let jobs = try #require(listed["jobs"] as? [[String: Any]])
    #expect(jobs.map { $0["status"] as? String } == ["done"] && jobs.first?["rounds"] as? Int == 40)
  }

  private func federatedJob(port: Int) -> String {
    """
    model: {layers: [{dense: 8}, relu, {dense: 1}, sigmoid]}
    data: {target: label, test: 0.2}
    training: {batch: 8, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.2}}, seed: 3}
    mode: federated
    federated: {workers: 3, rounds: 40, localEpochs: 2, aggregation: masked, deadlineSeconds: 20}
    coordinator: wss://127.0.0.1:\(port)
    """
  }

  private func bankTable(_ bank: Int) -> String {
    var table = "a,b,label\n"
    for row in 0..<80 {
      let (a, b) = (Double((row + bank) * 37 % 100) / 100, Double((row + 3 * bank) * 53 % 90) / 90)
      table += "\(a),\(b),\(a + b > 1 ? "yes" : "no")\n"
    }
    return table
  }

  /// Until the coordinator has committed so many rounds, or the training has ended.
  private func waitForRounds(_ count: Int, of training: Process) async throws {
    let state = folder.appendingPathComponent("run.sqlite").path
    while training.isRunning {
      if FileManager.default.fileExists(atPath: state), let database = try? RunDatabase.existing(path: state),
        let job = try database.jobs().first, try database.rounds(of: job.id).count >= count
      {
        return
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("the training ended before round \(count): \(training.terminationStatus)")
  }
}
