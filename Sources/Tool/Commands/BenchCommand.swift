import ArgumentParser
import Foundation
import Tacit

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the secret engine, and training in the clear, on the peers' workloads.",
    discussion: """
      Workloads w… run on shares: time from shared inputs to shared outputs at the slowest of three parties. Workloads \
      …_epoch are an epoch of training in the clear on one thread. A warm-up comes first. With --json, one line a workload.

      Example: tacit bench --workload w4_mnist_mlp_b1 --transport tls --json
      """)

  @Option(help: "A workload; repeat for more. All where none is named.") var workload: [String] = []
  @Option(help: "memory or tls.") var transport = "tls"
  @Flag(help: "Print one JSON object a line.") var json = false

  func run() async throws {
    guard let transport = EngineOptions.Transport(rawValue: transport) else {
      throw UsageError("--transport is memory or tls, not \"\(self.transport)\"")
    }
    let known = Workload.allCases.map(\.rawValue) + TrainingWorkload.allCases.map(\.rawValue)
    if let stranger = workload.first(where: { !known.contains($0) }) {
      throw UsageError("there is no workload \"\(stranger)\": choose among \(known.joined(separator: ", "))")
    }
    let chosen = workload.isEmpty ? known : workload
    for workload in chosen.compactMap(TrainingWorkload.init) {
      let line = try workload.measure()
      if json {
        try JSONOutput.print(line, pretty: false)
      } else {
        print(
          String(
            format: "%-22@ %9.3f ms  (best %.3f)", line.workload as NSString, line.secondsMedian * 1000,
            line.secondsMinimum * 1000))
      }
      fflush(nil)
    }
    let workloads = chosen.compactMap(Workload.init)
    guard !workloads.isEmpty else { return }
    try await WorkloadRunner(transport: transport, executable: try Executable.path).run(workloads) { line in
      if json {
        try JSONOutput.print(line, pretty: false)
      } else {
        print(
          String(
            format: "%-22@ %9.3f ms  (best %.3f)  %4d rounds  %10d bytes", line.workload as NSString,
            line.secondsMedian * 1000, line.secondsMinimum * 1000, line.rounds, line.bytesSentTotal))
      }
      fflush(nil)
    }
  }
}
