import Foundation
import Tacit

/// The plan of an encrypted job, for people or programs.
enum TrainingPlanOutput {
  static func print(planOf path: String, _ network: Network, json: Bool) async throws {
    let job = try JobFile.load(path)
    guard job.mode == .encrypted else {
      throw UsageError("tacit plan is for jobs with mode: encrypted; this job's mode is \(job.mode.rawValue)")
    }
    let plan = try await TrainingPlan(job, environment: ProcessInfo.processInfo.environment)
    if json { return try JSONOutput.print(plan) }
    let seconds =
      Double(plan.rounds) * network.roundTrip / 2 + Double(plan.bytesSent) / Double(plan.parties) * 8
      / network.bitsPerSecond
    Swift.print(text(plan, seconds: seconds, network))
  }

  private static func text(_ plan: TrainingPlan, seconds: Double, _ network: Network) -> String {
    var lines = [line("", ["times", "rounds", "bytes", "dealt bytes", "opened"])]
    for part in plan.parts {
      let numbers = [part.times, part.rounds, part.bytesSent, part.dealtBytes, part.openedValues]
      lines.append(line(part.name, numbers.map(String.init)))
    }
    let totals = [plan.rounds, plan.bytesSent, plan.dealtBytes, plan.openedValues]
    lines.append(line("total", [""] + totals.map(String.init)))
    lines.append("")
    lines.append("\(plan.parties) parties of \(plan.scheme) sharing; what is opened is opened to the job's owner alone")
    lines.append(
      "about \(seconds.formatted(.number.precision(.significantDigits(3)))) s on the wire at "
        + "\((network.roundTrip * 1000).formatted()) ms round trip and \((network.bitsPerSecond / 1e6).formatted()) Mbit/s"
    )
    return lines.joined(separator: "\n")
  }

  private static func line(_ name: String, _ columns: [String]) -> String {
    let widths = [8, 10, 16, 16, 10]
    let padded = zip(columns, widths).map { String(repeating: " ", count: max(1, $1 - $0.count)) + $0 }
    return name + String(repeating: " ", count: max(0, 28 - name.count)) + padded.joined()
  }
}
