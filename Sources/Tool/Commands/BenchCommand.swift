import ArgumentParser
import Foundation
import Tacit

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the secret engine on the peers' workloads, on this machine.",
    discussion: """
      Time from shared inputs to shared outputs at the slowest of three parties; a warm-up comes first. With --json, one \
      line a workload.

      Example: tacit bench --workload w4_mnist_mlp_b1 --transport tls --json
      """)

  @Option(help: "A workload; repeat for more. All where none is named.") var workload: [String] = []
  @Option(help: "memory or tls.") var transport = "tls"
  @Flag(help: "Print one JSON object a line.") var json = false

  func run() async throws {
    guard let transport = EngineOptions.Transport(rawValue: transport) else {
      throw UsageError("--transport is memory or tls, not \"\(self.transport)\"")
    }
    let workloads = try workload.isEmpty ? Workload.allCases : workload.map { name in
      guard let workload = Workload(rawValue: name) else {
        let known = Workload.allCases.map(\.rawValue).joined(separator: ", ")
        throw UsageError("there is no workload \"\(name)\": choose among \(known)")
      }
      return workload
    }
    try await WorkloadRunner(transport: transport, executable: try Executable.path).run(workloads) { line in
      if json {
        try JSONOutput.print(line, pretty: false)
      } else {
        print(
          String(
            format: "%-22@ %9.3f ms  (best %.3f)  %4d rounds  %10d bytes", line.workload as NSString,
            line.seconds_median * 1000, line.seconds_min * 1000, line.rounds, line.bytes_sent_total))
      }
      fflush(nil)
    }
  }
}
