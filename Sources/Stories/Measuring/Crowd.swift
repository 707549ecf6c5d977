import Coordination
import Datasets
import Foundation
import Learning
import Logging
import Processes

/// A coordinator as a process, and workers: a few are processes, too, many are tasks of this one, each over its own connection.
final class Crowd: Sendable {
  /// More than these are tasks.
  private static let mostProcesses = 8

  private let federation: LocalFederation
  private let tasks: [Task<Void, any Error>]
  private let folder: URL

  init(_ workload: FederationWorkload, executable: String) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-crowd-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    self.folder = folder
    let tables = try (1...workload.workers).map { number in
      let path = folder.appendingPathComponent("\(number).csv").path
      try CSV.write(try workload.table(of: number), to: path)
      return (name: "worker-\(number)", file: path)
    }
    let areProcesses = tables.count <= Self.mostProcesses
    let policy = WorkerPolicy(aggregations: [workload.aggregation])
    let federation = try LocalFederation.start(
      executable: executable, rows: areProcesses ? .tables(tables) : .elsewhere(tables.map(\.name)), policy: policy,
      state: folder.appendingPathComponent("run.sqlite").path)
    self.federation = federation
    guard !areProcesses else {
      tasks = []
      return
    }
    OpenFiles.raiseLimit()
    let logger = Logger(label: "tacit.crowd") { _ in SwiftLogNoOpLogHandler() }
    tasks = try tables.map { table in
      let identity = try federation.identity(of: table.name)
      let worker = try Worker(identity: identity, rows: .table(path: table.file), policy: policy, logger: logger)
      let connection = WorkerConnection(
        worker, identity: identity, address: federation.url, policy: policy, logger: logger)
      return Task { try await connection.run() }
    }
  }

  var url: String { federation.url }

  /// Has the coordinator carry out a job.
  func run(_ text: String, seed: UInt64, news: (Submission.News) -> Void) async throws -> JobOutcome {
    try await federation.run(text, seed: seed, news: news).outcome
  }

  /// The most memory that the coordinator has held so far; 0 where the system does not tell.
  var coordinatorPeakBytes: Int {
    guard let process = federation.processIdentifiers.first,
      let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return 0 }
    return kilobytes * 1024
  }

  func stop() {
    for task in tasks { task.cancel() }
    federation.stop()
    try? FileManager.default.removeItem(at: folder)
  }
}
