import Coordination
import Dashboard
import Foundation
import Links
import Logging
import Testing

@Suite("a coordinator's run")
struct CoordinatorSourceTests {
  private static func job(_ files: [(name: String, file: String)]) -> String {
    """
    model: {layers: [{dense: 4}, relu, {dense: 1}]}
    data: {target: y, test: 0.25}
    training: {batch: 8, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.05}}, seed: 5}
    mode: federated
    federated:
      rounds: 3
      aggregation: masked
      workers: [\(files.map { "{name: \($0.name), file: \($0.file)}" }.joined(separator: ", "))]
    """
  }

  /// The oracle is what the job's owner is told of the same run.
  @Test("jobs, rounds and workers are those of the run")
  func run() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dashboard-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let names = ["bank-1", "bank-2", "bank-10"]
    let files = try names.map { (name: $0, file: try Self.table(in: folder, of: $0)) }
    let federation = await MemoryFederation(
      tables: files.map { ($0.name, .table(path: $0.file)) }, policy: WorkerPolicy(),
      database: try RunDatabase(path: folder.appendingPathComponent("run.sqlite").path),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let source = CoordinatorSource(federation.coordinator)
    let changes = source.changes()
    var told: [RoundRecord] = []
    let result = try await Submission(await federation.submitter()).run(Self.job(files), seed: 5, workers: names) {
      news in
      if case .round(let record) = news { told.append(record) }
    }
    for await _ in changes { break }

    let job = try #require(try source.jobs().first)
    #expect(job.state == .done && job.submitter == "owner" && job.privacy == nil && job.waiting == nil)
    #expect(job.final?.meanSquaredError == result.outcome.metrics.meanSquaredError && job.final?.loss != nil)
    #expect(job.rows == result.outcome.rows && job.seconds == result.outcome.seconds)
    let description = try #require(job.description)
    #expect(description.plannedRounds == 3 && description.strategy == "fedAvg" && description.aggregation.hidesUpdates)
    #expect(description.layers.map(\.name) == ["dense", "relu", "dense"])
    #expect(description.parameterCount == result.weights.count)
    #expect(description.aggregation.roles.map(\.role).contains("coordinator"))

    let rounds = try source.rounds(of: job.id, after: 0)
    #expect(rounds.map(\.round) == [1, 2, 3] && rounds.map(\.bytesSent) == told.map(\.bytesSent))
    #expect(rounds.allSatisfy { $0.asked == 3 && $0.answered == 3 && $0.missing.isEmpty })
    #expect(try source.rounds(of: job.id, after: 2).map(\.round) == [3])
    #expect(source.workers().map(\.name) == names)
    let report = try RunPage.report(of: job.id, in: federation.coordinator.database)
    #expect(report.contains("\"id\":\"\(job.id)\"") && report.contains("\"round\":3,"))
    await federation.stop()
    #expect(source.workers().allSatisfy { $0.state == .offline })
  }

  /// Rows of y = 2a − b + 1, one in four of which the worker holds out.
  private static func table(in folder: URL, of name: String) throws -> String {
    let rows = (0..<40).map { index in
      let (a, b) = (Double(index % 7) / 7, Double(index % 5) / 5)
      return "\(a),\(b),\(2 * a - b + 1)"
    }
    let file = folder.appendingPathComponent("\(name).csv")
    try (["a,b,y"] + rows).joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }
}
