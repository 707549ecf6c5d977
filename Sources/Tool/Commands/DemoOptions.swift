import ArgumentParser
import Foundation
import Tacit

/// What all demos of named sets are told.
struct DemoOptions: ParsableArguments {
  @Option(help: "The folder of data sets; TACIT_DATA where none is given.") var data: String?
  @Option(help: "The seed of the first split.") var seed: UInt64 = 1
  @Option(help: "The folder for report.json and report.html; runs/demo-NAME where none is given.") var output: String?
  @Flag(help: "Print one JSON object.") var json = false

  func folder(of set: NamedDataset) throws -> String {
    try set.folder(flag: data, environment: ProcessInfo.processInfo.environment)
  }

  /// - Throws: ``UsageError`` for a number of splits that is no number of splits.
  func setting(_ set: NamedDataset, splits: Int) throws -> DemoSetting {
    guard (1...1000).contains(splits) else { throw UsageError("--splits is between 1 and 1000, not \(splits)") }
    return DemoSetting(
      data: try folder(of: set), splits: splits, seed: seed, executable: try Executable.path)
  }

  /// Where a demo's report goes.
  func folder(ofDemo name: String) -> String { output ?? "runs/demo-\(name)" }

  /// Has a story told, and shows what it found.
  func show(_ tell: (@escaping (String) -> Void) async throws -> DemoReport) async throws {
    let line = ProgressLine()
    let report = try await tell { line.show($0) }
    line.clear()
    try report.show(in: folder(ofDemo: report.name), json: json)
  }
}
