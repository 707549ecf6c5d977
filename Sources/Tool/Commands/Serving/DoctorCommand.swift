import ArgumentParser
import Foundation
import Tacit

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Examine a cluster and say what is to be mended.",
    discussion: """
      Dials every party, and has the parties measure their ways to each other and to their dealer: reachability, \
      certificates, roles, expiry, clocks, versions, latency and bandwidth, and whether the parties have a session. Exit \
      code 3 where something is to be mended.

      Example: tacit doctor --cluster cluster.yaml --identity identities/shop
      """)

  @OptionGroup var place: ClusterFlags

  private struct Report: Codable {
    var cluster: String
    var isWell: Bool
    var found: ClusterDoctor.Report
  }

  func run() async throws {
    let report = try await ClusterDoctor(
      cluster: try ClusterFile.load(from: place.cluster), identity: try NodeIdentity.load(from: place.identity),
      patience: try Patience.checked(min(place.deadline, 10))
    ).examine()
    if place.json {
      try JSONOutput.print(Report(cluster: place.cluster, isWell: report.isWell, found: report))
    } else {
      for problem in report.problems { print("to mend: \(problem)") }
      for finding in report.parties { print(Self.text(finding)) }
    }
    if !report.isWell { throw ExitCode(3) }
  }

  private static func text(_ finding: ClusterDoctor.Finding) -> String {
    var lines = ["party \(finding.party) (\(finding.link.name), \(finding.link.address)): \(figures(finding.link))"]
    if finding.problems.isEmpty { lines[0] += ", well" }
    for link in finding.links {
      lines.append("  to \(link.party.map { "party \($0)" } ?? "the dealer"): \(figures(link))")
    }
    return (lines + finding.problems.map { "  to mend: \($0)" }).joined(separator: "\n")
  }

  private static func figures(_ link: LinkReport) -> String {
    guard let roundTrip = link.roundTrip, let bandwidth = link.megabytesPerSecond, let clock = link.clockDifference
    else { return "not measured" }
    let expiry = link.certificateExpires.map { ", certificate until \($0.formatted(.iso8601))" } ?? ""
    return String(format: "%.2f ms, %.0f MB/s, clock %+.3f s", roundTrip * 1000, bandwidth, clock) + expiry
  }
}
