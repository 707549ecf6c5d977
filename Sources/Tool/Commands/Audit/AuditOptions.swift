import ArgumentParser
import Foundation
import Tacit

/// What all audits that write a report are told.
struct AuditOptions: ParsableArguments {
  @Option(help: "The confidence of intervals.") var confidence = 0.95
  @Option(help: "The folder for report.json and report.html; runs/audit-NAME where none is given.") var output: String?
  @Flag(help: "Print one JSON object.") var json = false

  /// Has an audit run, shows what it found, and ends with exit code 5 where that was not to be.
  func show(_ run: ((String) -> Void) async throws -> AuditReport) async throws {
    let line = ProgressLine()
    let report = try await run { line.show($0) }
    line.clear()
    try report.show(in: output ?? "runs/audit-\(report.name)", json: json)
    guard report.isSound else { throw ExitCode(5) }
  }
}
