import ArgumentParser
import Foundation
import Tacit

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the secret engine, and training in the clear, on the peers' workloads.",
    discussion: """
      Workloads w… run on shares: time from shared inputs to shared outputs at the slowest party. Parties of \
      the engines additive and spdz have correlated randomness dealt beforehand: offlineSeconds and dealtBytes say what that \
      takes for one run. With spdz and replicated-malicious the check is within the time. Workloads \
      …_epoch are an epoch of training in the clear on one thread. federation_… are rounds of a coordinator and workers over \
      TLS. serving_…, only where named, are 16 clients that ask three parties over TLS for --seconds. A warm-up comes first. With --json, one line a workload.

      Example: tacit bench --workload w4_mnist_mlp_b1 --transport tls --json
      """)

  @Option(help: "A workload; repeat for more. All where none is named.") var workload: [String] = []
  @Option(help: "replicated, replicated-malicious, additive or spdz.") var engine = "replicated"
  @Option(help: "Computing parties; replicated has three, additive and spdz two or more.") var parties: Int?
  @Option(help: "memory, tls or, for comparison only, tcp without any protection.") var transport = "tls"
  @Option(help: "Simulate a network between the parties: its round-trip time, such as 10ms.") var rtt: String?
  @Option(help: "Simulate a network: the bandwidth of each party, such as 1Gbps.") var bandwidth: String?
  @Option(help: "What replicated parties spend less of: bytes or rounds.") var optimise = "bytes"
  @Option(help: "How replicated parties truncate: safe, or fast, which may fail.")
  var truncation = "safe"
  @Option(help: "Repeat each workload for about so many seconds, but at least three times.") var seconds = 1.2
  @Flag(help: "Print one JSON object a line.") var json = false
  /// A party of a measurement that another process leads.
  @Option(help: .hidden) var joining: String?
  @Option(help: .hidden) var party: Int?

  func run() async throws {
    guard let transport = WorkloadRunner.Transport(rawValue: transport) else {
      throw UsageError("--transport is memory, tcp or tls, not \"\(self.transport)\"")
    }
    guard (0...3600).contains(seconds) else {
      throw UsageError("--seconds is between 0 and 3600, not \(seconds)")
    }
    let known =
      Workload.allCases.map(\.rawValue) + TrainingWorkload.allCases.map(\.rawValue)
      + FederationWorkload.allCases.map(\.rawValue)
    let named = known + ServingWorkload.allCases.map(\.rawValue)
    if let stranger = workload.first(where: { !named.contains($0) }) {
      throw UsageError("there is no workload \"\(stranger)\": choose among \(named.joined(separator: ", "))")
    }
    let chosen = workload.isEmpty ? known : workload
    let workloads = chosen.compactMap(Workload.init)
    guard let engine = EngineOptions.Engine(rawValue: engine) else {
      throw UsageError("--engine is one of \(EngineOptions.Engine.secretNames), not \"\(self.engine)\"")
    }
    let runner = try WorkloadRunner(
      engine: engine, parties: parties, transport: transport, executable: try Executable.path,
      patience: .seconds(seconds),
      speed: try simulatedNetwork,
      options: try EngineOptions.checked(optimise: optimise, truncation: truncation, engine: engine))
    if let joining, let party { return try await runner.join(workloads, folder: joining, party: party) { _ in } }
    for workload in chosen.compactMap(TrainingWorkload.init) { try print(try workload.measure(), Self.text) }
    for workload in chosen.compactMap(FederationWorkload.init) {
      try print(try await workload.measure(executable: try Executable.path), Self.text)
    }
    for workload in chosen.compactMap(ServingWorkload.init) {
      try print(try await workload.measure(executable: try Executable.path, seconds: seconds), Self.text)
    }
    guard !workloads.isEmpty else { return }
    try await runner.run(workloads) { line in try print(line, Self.text) }
  }

  private var simulatedNetwork: LinkSpeed? {
    get throws {
      guard rtt != nil || bandwidth != nil else { return nil }
      let network = try Network(name: nil, roundTrip: rtt, bandwidth: bandwidth)
      return LinkSpeed(roundTrip: .seconds(network.roundTrip), bitsPerSecond: network.bitsPerSecond)
    }
  }

  private func print<Line: Encodable>(_ line: Line, _ text: (Line) -> String) throws {
    if json { try JSONOutput.print(line, pretty: false) } else { Swift.print(text(line)) }
    fflush(nil)
  }

  private static func text(_ line: FederationWorkload.Measurement) -> String {
    String(
      format: "%-24@ %9.3f ms a round (best %.3f), training by itself %.3f ms, coordinator at most %d MB",
      line.workload as NSString, line.secondsMedian * 1000, line.secondsMinimum * 1000, line.trainingSeconds * 1000,
      line.coordinatorPeakBytes >> 20)
  }

  private static func text(_ line: ServingWorkload.Measurement) -> String {
    String(
      format:
        "%-24@ %9.1f queries/s from %d clients, median %.2f ms, p99 %.2f ms, alone %.2f ms, %d errors, %.0f to %.0f MB",
      line.workload as NSString, line.queriesPerSecond, line.clients, line.p50 * 1000, line.p99 * 1000,
      line.singleQuery * 1000, line.errors, line.rssMegabytesBegin, line.rssMegabytesEnd)
  }

  private static func text(_ line: TrainingWorkload.Measurement) -> String {
    String(
      format: "%-24@ %9.3f ms  (best %.3f)", line.workload as NSString, line.secondsMedian * 1000,
      line.secondsMinimum * 1000)
  }

  private static func text(_ line: WorkloadMeasurement) -> String {
    let online = String(
      format: "%-24@ %9.3f ms  (best %.3f)  %4d rounds  %10d bytes", line.workload as NSString,
      line.secondsMedian * 1000, line.secondsMinimum * 1000, line.rounds, line.bytesSentTotal)
    guard line.dealtBytes > 0 else { return online }
    return online
      + String(format: "  dealt beforehand: %.3f ms  %10d bytes", line.offlineSeconds * 1000, line.dealtBytes)
  }
}
