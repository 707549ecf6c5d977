import Foundation
import Processes
import TestSupport
import Testing

/// What happens to workers, as processes of their own, when something fails in a federation of real Flower processes.
@Suite(
  .serialized, .enabled(FlowerPrograms.absence) { await FlowerPrograms.here != nil },
  .enabled(if: BuiltProgram.tacit != nil, "the program was not built; run swift build"))
struct FlowerFaultTests {
  private static let job = """
    model: {layers: [{dense: 8}, relu, {dense: 2}, softmax]}
    data:
      {target: approved, test: 0.2, ranges: {age: [18, 100], income: [0, 200000]}, categories: {approved: ["no", "yes"], region: [north, south]}}
    training: {batch: 32, loss: softmaxCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}, seed: 7}
    mode: federated
    federated: {workers: 3, rounds: 20, aggregation: open, minimumClients: 2}
    coordinator: flower
    """

  private let flower: FlowerProcesses

  init() async throws {
    flower = try await FlowerProcesses()
    func write(_ text: String, _ name: String) throws {
      try Data(text.utf8).write(to: flower.folder.appending(path: name))
    }
    try write(Self.job, "job.yaml")
    try write("aggregations: [open]\nsmallestCohort: 2\ncolumns: [age, income, region, approved]\n", "policy.yaml")
    var table = "age,income,region,approved\n"
    for row in 0..<60 {
      let income = 10_000 + (row * 7919) % 140_000
      table += "\(18 + row),\(income),\(row % 3 == 0 ? "north" : "south"),\(income > 75_000 ? "yes" : "no")\n"
    }
    try write(table, "rows.csv")
  }

  private func log(_ name: String) -> URL { flower.folder.appending(path: name + ".log") }

  private func words(_ name: String) -> String { (try? String(contentsOf: log(name), encoding: .utf8)) ?? "" }

  private func startWorker(_ name: String, _ more: [String] = [], log: String? = nil) throws -> Process {
    let program = try #require(BuiltProgram.tacit).path
    return try flower.start(
      program,
      [
        "worker", "--name", name, "--data", "rows.csv", "--policy", "policy.yaml", "--job", "job.yaml", "--flower",
        flower.address, "--insecure",
      ] + more, errors: self.log(log ?? name))
  }

  /// One is killed in the midst of a run of six rounds: Flower counts it as gone, the others go on, and it takes part again when it is
  /// back. A worker that was there before the SuperLink has waited for it.
  @Test(.timeLimit(.minutes(15))) func theRoundGoesOnWithoutAKilledWorker() async throws {
    _ = try startWorker("a")
    try await flower.wait("the first complaint") { words("a").contains("does not answer") }
    #expect(!words("a").contains("joined"))
    try await flower.startSuperLink()
    _ = try startWorker("b")
    let killed = try startWorker("c")
    try await flower.wait("three workers") { ["a", "b", "c"].allSatisfy { words($0).contains("joined") } }
    try flower.startRun([("rounds", "6"), ("nodes", "2"), ("timeout", "15"), ("layers", "\"4,8,2\"")])
    try await flower.wait("an answer of c") { words("c").contains("a message was answered") }
    #expect(kill(killed.processIdentifier, SIGKILL) == 0)
    killed.waitUntilGone()
    _ = try startWorker("c", log: "again")
    let figures = try await flower.figures()
    #expect(figures.train.count == 6 && figures.evaluate.count == 6, "\(figures)")
    #expect(words("again").contains("a message was answered"))
    try await checkEnds()
  }

  /// A worker that cannot take part ends with one sentence, and the code that says whose fault it is.
  private func checkEnds() async throws {
    let key = flower.folder.appending(path: "stranger.key").path
    try FlowerKeys.write(to: key)
    let loose = flower.folder.appending(path: "loose.key").path
    try FlowerKeys.write(to: loose)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: loose)
    for (path, status, sentence) in [
      (key, Int32(4), "does not accept this node's key"), (loose, 2, "may be read by others"),
    ] {
      let worker = try startWorker("d", ["--flower-key", path])
      try await flower.wait("the worker's end") { !worker.isRunning }
      #expect(worker.terminationStatus == status)
      let last = words("d").split(separator: "\n").filter { $0.hasPrefix("tacit: ") }
      #expect(last.count == 1 && last[0].contains(sentence), "\(words("d"))")
    }
  }
}
