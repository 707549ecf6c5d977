import Foundation
import Processes
import Tacit
import Testing

#if canImport(Glibc)
  import Glibc
#endif

extension ToolTests {
  /// Numbers to learn from, the same for the same seed.
  private func table(_ seed: Int, rows: Int) -> String {
    var text = "a,b,label\n"
    for row in 0..<rows {
      let (a, b) = (Double((row * 37 + seed * 11) % 100) / 100, Double((row * 53 + seed * 7) % 90) / 90)
      text += "\(a),\(b),\(a + b > 1 ? "yes" : "no")\n"
    }
    return text
  }

  private func encryptedJob(epochs: Int, extra: String = "") -> String {
    """
    model: {layers: [{dense: 16}, relu, {dense: 1}, sigmoid]}
    data: {file: table.csv, target: label, test: 0.25}
    training: {epochs: \(epochs), batch: 16, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.5, momentum: 0.9}}, seed: 3}
    mode: encrypted
    encrypted: {reveal: [loss, model], checkpoint: 20, deadlineSeconds: 20\(extra)}
    output: run
    """
  }

  /// The party processes that a training has started, by their index.
  private func parties(of process: Process) -> [Int: Int32] {
    var found: [Int: Int32] = [:]
    for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let identifier = Int32(entry),
        let status = try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8),
        let parent = status.split(separator: ")").last?.split(separator: " ").dropFirst().first,
        Int32(parent) == process.processIdentifier,
        let line = FileManager.default.contents(atPath: "/proc/\(identifier)/cmdline")
      else { continue }
      for argument in line.split(separator: 0).map({ String(decoding: $0, as: UTF8.self) }) {
        if let index = argument.split(separator: "/").last?.split(separator: "-").last.flatMap({ Int($0) }),
          argument.contains("/party-")
        {
          found[index] = identifier
        }
      }
    }
    return found
  }

  private func waitFor(_ what: String, _ condition: () throws -> Bool) async throws {
    for _ in 0..<3000 {
      if try condition() { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("\(what) did not come about")
  }

  private func waitForCheckpoint(of training: Process) async throws {
    let place = folder.appendingPathComponent("run/checkpoints/party-1").path
    try await waitFor("a checkpoint") {
      let inside = FileManager.default.enumerator(atPath: place)?.compactMap { $0 as? String } ?? []
      return !training.isRunning || inside.contains { $0.contains("step-") && !$0.hasSuffix("step-0.sealed") }
    }
  }

  /// A party that is killed in the middle is named in one sentence; the training then goes on where it was, and with
  /// nothing else.
  @Test func aKilledPartyIsNamedAndTheTrainingGoesOn() async throws {
    try write("table.csv", table(1, rows: 160))
    try write("job.yaml", encryptedJob(epochs: 600))
    let training = try start(["train", "job.yaml", "--json"])
    try await waitForCheckpoint(of: training.process)
    let victim = try #require(parties(of: training.process)[1])
    #expect(kill(victim, SIGKILL) == 0)
    training.process.waitUntilGone()
    let killed = try training.run()
    #expect(killed.status == 3, "\(killed.status) \(killed.errors)")
    #expect(killed.errors.contains("party 1") && killed.errors.split(separator: "\n").count == 1, "\(killed.errors)")
    #expect(killed.output.isEmpty)
    // Another job or other data do not go on from here.
    try write("other.yaml", encryptedJob(epochs: 601))
    let other = try tacit("train", "other.yaml", "--resume")
    #expect(other.status == 2 && other.errors.contains("another job"), "\(other.errors)")
    try write("table.csv", table(2, rows: 160))
    let changed = try tacit("train", "job.yaml", "--resume")
    #expect(changed.status == 2 && changed.errors.contains("other data"), "\(changed.errors)")
    try write("table.csv", table(1, rows: 160))
    let resumed = try tacit("train", "job.yaml", "--resume", "--json")
    #expect(resumed.status == 0, "\(resumed.errors)")
    let report = try resumed.json()
    #expect((report["loss"] as? [Double])?.count == 600)
    #expect(report["accuracy"] as? Double ?? 0 > 0.9)
    #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("run/checkpoints").path))
    let again = try tacit("train", "job.yaml", "--resume")
    #expect(again.status == 2 && again.errors.contains("no training that stopped"), "\(again.errors)")
  }

  /// Two additive parties and their dealer: the first run is cut by the death of a party and goes on with fresh masks.
  @Test func aKilledAdditivePartyIsNamedAndTheTrainingGoesOn() async throws {
    try write("table.csv", table(1, rows: 160))
    try write("job.yaml", encryptedJob(epochs: 100, extra: ", scheme: additive, parties: 2"))
    let training = try start(["train", "job.yaml", "--json"])
    try await waitForCheckpoint(of: training.process)
    let victim = try #require(parties(of: training.process)[1])
    #expect(kill(victim, SIGKILL) == 0)
    training.process.waitUntilGone()
    let killed = try training.run()
    #expect(killed.status == 3, "\(killed.status) \(killed.errors)")
    #expect(killed.errors.contains("party 1") && killed.errors.split(separator: "\n").count == 1, "\(killed.errors)")
    let resumed = try tacit("train", "job.yaml", "--resume", "--json")
    #expect(resumed.status == 0, "\(resumed.errors)")
    let report = try resumed.json()
    #expect((report["loss"] as? [Double])?.count == 100)
    #expect(report["accuracy"] as? Double ?? 0 > 0.9)
    // A run that is not disturbed says that it sent what was planned.
    try write("job.yaml", encryptedJob(epochs: 2, extra: ", scheme: additive, parties: 2"))
    let plan = try tacit("plan", "job.yaml", "--json").json()
    let whole = try tacit("train", "job.yaml", "--json").json()
    for key in ["rounds", "bytesSent", "dealtBytes"] { #expect(plan[key] as? Int == whole[key] as? Int) }
    // The loss of each epoch, and the weights: 2 · 16 + 16 and 16 + 1.
    #expect(plan["openedValues"] as? Int == 2 + 65 && plan["scheme"] as? String == "additive")
    #expect(try tacit("plan", "job.yaml").output.contains("a step on 16 rows"))
    let planned = try #require(whole["planned"] as? [String: Int])
    #expect(whole["dealtBytes"] as? Int == planned["dealtBytes"] && planned["dealtBytes"] ?? 0 > 0)
    #expect(whole["bytesSent"] as? Int == planned["bytesSent"] && whole["offlineSeconds"] as? Double ?? 0 > 0)
  }

  /// Parties, owners and the job's owner are processes; nobody but an owner reads its file.
  @Test func ownersShareTheirRowsByThemselves() async throws { try await ownersShareTheirRows(hasDealer: false) }

  @Test func ownersShareTheirRowsWithAdditiveParties() async throws { try await ownersShareTheirRows(hasDealer: true) }

  /// What a private training releases is spent when the rows are shared; a budget of one and a half such trainings pays for one.
  private func ownersKeepABudget(_ job: String) throws {
    let privacy = "privacy: {unit: example, clip: 1.0, targetEpsilon: 2, delta: 1e-5}\n"
    try write("private.yaml", job.replacing("[loss, model, metrics]", with: "[model]") + "\n" + privacy)
    let declared = try tacit(
      "privacy", "ledger", "north.sqlite", "--declare", "north", "--epsilon", "2.5", "--delta", "1e-5")
    #expect(declared.status == 0, "\(declared.errors)")
    let shared = ["train", "private.yaml", "--owner", "north", "--identity", "north", "--ledger", "north.sqlite"]
    #expect(try tacit(shared).status == 0)
    let again = try tacit(shared)
    #expect(again.status == 4 && again.errors.contains("north"), "\(again.errors)")
    let open = try tacit("train", "job.yaml", "--owner", "north", "--identity", "north", "--ledger", "north.sqlite")
    #expect(open.status == 2 && open.errors.contains("the job has no privacy"), "\(open.errors)")
  }

  private func ownersShareTheirRows(hasDealer: Bool) async throws {
    let count = hasDealer ? 2 : 3
    try #expect(tacit("keys", "init", "authority").status == 0)
    let names = (0..<count).map { "p\($0)" } + (hasDealer ? ["dealer"] : [])
    var members = "parties:"
    let ports = try ReservedPorts.take(names.count)
    defer { ports.release() }
    for (name, port) in zip(names, ports.numbers) {
      let role = name == "dealer" ? "dealer" : "party"
      let made = try tacit("keys", "issue", "authority", "--role", role, "--name", name, "--out", name, "--json")
      let print = try #require(try made.json()["fingerprint"] as? String)
      let member = "{name: \(name), address: '127.0.0.1:\(port)', certificate: \(print)}"
      members += role == "dealer" ? "\ndealer: \(member)" : "\n  - \(member)"
    }
    for name in ["north", "south", "boss"] {
      #expect(try tacit("keys", "issue", "authority", "--role", "client", "--name", name, "--out", name).status == 0)
    }
    try write("cluster.yaml", members + "\ndeadlineSeconds: 20\n")
    try write("north.csv", table(1, rows: 80))
    try write("south.csv", table(2, rows: 60))
    let job = """
      model: {layers: [{dense: 8}, relu, {dense: 1}, sigmoid]}
      data: {target: label, test: 0.25, ranges: {a: [0, 1], b: [0, 1]}, categories: {label: ['no', 'yes']}}
      training: {epochs: 20, batch: 16, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.3, momentum: 0.9}}, seed: 3}
      mode: encrypted
      cluster: cluster.yaml
      encrypted: {reveal: [loss, model, metrics], owners: [{name: north, file: north.csv}, {name: south, file: south.csv}], deadlineSeconds: 2\(hasDealer ? ", scheme: additive" : "")}
      output: run
      """
    try write("job.yaml", job)
    let inputs = names.map { _ in Pipe() }
    let running = try zip(names, inputs).map { name, input in
      let role = name == "dealer" ? "dealer" : "party"
      return try start(
        [
          role, "--identity", name, "--cluster", "cluster.yaml", "--storage", "store-\(name)", "--until-input-ends",
        ],
        input: input)
    }
    defer {
      for input in inputs { try? input.fileHandleForWriting.close() }
      for party in running { party.process.waitUntilGone() }
    }
    let north = try tacit("train", "job.yaml", "--owner", "north", "--identity", "north", "--json")
    #expect(north.status == 0, "\(north.errors)")
    #expect(try north.json()["rows"] as? Int == 60)
    // The other owner's rows are not there yet, and nobody can share them but that owner.
    let early = try tacit("train", "job.yaml", "--identity", "boss")
    #expect(early.status == 2 && early.errors.contains("owner south has not shared"), "\(early.errors)")
    let stranger = try tacit("train", "job.yaml", "--owner", "south", "--identity", "north")
    #expect(stranger.status == 2 && stranger.errors.contains("owner south needs one of its own"), "\(stranger.errors)")
    #expect(try tacit("train", "job.yaml", "--owner", "south", "--identity", "south").status == 0)
    try ownersKeepABudget(job)
    for name in ["north.csv", "south.csv"] {
      try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
    }
    let trained = try tacit("train", "job.yaml", "--identity", "boss", "--json")
    #expect(trained.status == 0, "\(trained.errors)")
    let report = try trained.json()
    #expect(report["ownerRows"] as? [Int] == [60, 45])
    #expect(report["accuracy"] as? Double ?? 0 > 0.85)
    #expect(report["judgedBy"] as? String == "the parties, on shares")
    #expect((report["loss"] as? [Double])?.count == 20)
    // The model knows how to prepare a table, though its owner never saw one.
    try write("new.csv", table(3, rows: 10))
    let predicted = try tacit("predict", "run/model.tacit", "--input", "new.csv", "--output", "new.npy")
    #expect(predicted.status == 0, "\(predicted.errors)")
  }
}
