import Foundation
import ModelFiles
import Sharing
import Tensors
import Transports

/// One line of `tacit bench --json`, with the keys of the peers' scripts.
public struct Measurement: Hashable, Sendable, Codable {
  public var peer: String
  public var workload: String
  public var `protocol`: String
  public var transport: String
  public var parties: Int
  public var batch: Int
  /// From shares to shares at the slowest party.
  public var secondsMedian: Double
  public var secondsMinimum: Double
  public var runs: Int
  /// Between the parties; sharing the input and revealing the result are not in it.
  public var bytesSentTotal: Int
  public var rounds: Int
  public var maxAbsoluteError: Double

  private enum CodingKeys: String, CodingKey {
    case peer, workload, `protocol`, transport, parties, batch, runs, rounds
    case secondsMedian = "seconds_median"
    case secondsMinimum = "seconds_min"
    case bytesSentTotal = "bytes_sent_total"
    case maxAbsoluteError = "max_abs_err"
  }
}

/// Runs workloads on one set of parties.
public struct WorkloadRunner: Sendable {
  public let transport: EngineOptions.Transport
  public let executable: String
  static let fractionBits = 16
  /// Runs are repeated for about this long.
  static let budget = 1.5

  public init(transport: EngineOptions.Transport, executable: String) {
    self.transport = transport
    self.executable = executable
  }

  /// Measures each workload in turn and hands over each line as it is there.
  public func run(_ workloads: [Workload], report: (Measurement) throws -> Void) async throws {
    switch transport {
    case .memory:
      for workload in workloads {
        let model = try workload.model()
        let input = workload.input(of: model)
        let first = try await MemoryCluster.predict(model, input, fractionBits: Self.fractionBits)
        let repeats = Self.repeats(first[0].partySeconds)
        let runs = try await MemoryCluster.predict(
          model, input, fractionBits: Self.fractionBits, repeats: repeats)
        try report(
          measurement(
            workload, runs, inputCount: input.count, plain: try SecretPredictor.plain(model, input).scalars))
      }
    case .tls:
      let cluster = try await LocalCluster.start(executable: executable)
      defer { cluster.stop() }
      try await cluster.explaining {
        let loop = SocketLoop(name: "bench", spin: .zero)
        defer { loop.shutdown() }
        let client = try await ClusterClient.connect(
          to: cluster.cluster, as: cluster.client, loop: loop, patience: .seconds(60))
        for workload in workloads {
          let model = try workload.model()
          let input = workload.input(of: model)
          let shape = try SecretOutput.shape(of: model, batch: input.shape[0])
          let name = try await client.share(model, fractionBits: Self.fractionBits)
          var runs: [Prediction] = []
          var wanted = 2
          while runs.count < wanted {
            runs.append(
              try await client.query(name, input, outputShape: shape, fractionBits: Self.fractionBits))
            if runs.count == 1 { wanted = 1 + Self.repeats(runs[0].partySeconds) }
          }
          try await client.withdraw(name)
          try report(
            measurement(
              workload, Array(runs.dropFirst()), inputCount: input.count,
              plain: try SecretPredictor.plain(model, input).scalars))
        }
        await client.close()
      }
    }
  }

  private static func repeats(_ seconds: Double) -> Int {
    max(3, min(200, Int(budget / max(seconds, 1e-4))))
  }

  private func measurement(
    _ workload: Workload, _ runs: [Prediction], inputCount: Int, plain: [Float]
  ) -> Measurement {
    let seconds = runs.map(\.partySeconds).sorted()
    let outputCount = runs[0].output.count
    let outside = ReplicatedCosts().sharing(counts: [inputCount]) + ReplicatedCosts().revealing(counts: [outputCount])
    let inside = runs[0].traffic - outside
    let error = zip(runs[0].output.scalars, plain).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    return Measurement(
      peer: "tacit", workload: workload.rawValue, protocol: "replicated", transport: transport.rawValue, parties: 3,
      batch: workload.batch, secondsMedian: seconds[seconds.count / 2], secondsMinimum: seconds[0], runs: seconds.count,
      bytesSentTotal: inside.byteCount, rounds: inside.rounds, maxAbsoluteError: Double(error))
  }
}
