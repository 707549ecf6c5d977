import Arithmetic
import Foundation
import Graphs
import Identity
import ModelFiles
import Serving
import Tensors
import Transports

/// A served model under load: three parties as processes of this machine, TLS, shares and counts on disk, and clients that
/// each ask again as soon as they have their answer.
public enum ServingWorkload: String, Sendable, CaseIterable {
  /// 15-64-32-1 with a sigmoid.
  case credit = "serving_credit"
  /// 784-128-128-10.
  case mnistMLP = "serving_mnist_mlp"

  public static let clientCount = 16

  /// One line of `tacit bench --json`; times in seconds, as clients see them.
  public struct Measurement: Hashable, Sendable, Codable {
    public var peer = "tacit"
    public var workload: String
    public var clients: Int
    public var seconds: Double
    public var queries: Int
    /// Refusals, broken connections and answers that differ from the plain result by more than 1e-3.
    public var errors: Int
    public var queriesPerSecond: Double
    public var p50: Double
    public var p99: Double
    /// The median with one client alone.
    public var singleQuery: Double
    /// Of the three parties together, when the load begins and when it ends.
    public var rssMegabytesBegin: Double
    public var rssMegabytesEnd: Double
  }

  private var workload: Workload {
    switch self {
    case .credit: .credit1
    case .mnistMLP: .mnistMLP1
    }
  }

  private func model() throws -> (file: ModelFile, x: Tensor<Float>) {
    let program = try workload.program()
    guard let x = program.inputs["x"] else { throw ServingError.badRequest("the workload has no input x") }
    let file = try ModelFile(
      graph: program.graph, weights: program.inputs.filter { $0.key != "x" },
      provenance: .init(creator: "tacit bench", dataset: "none", source: rawValue), inputRange: try InputRange(0...1))
    return (file, x)
  }

  /// Starts the parties and asks for so many seconds.
  ///
  /// - Parameter executable: the `tacit` program.
  public func measure(executable: String, seconds: Double) async throws -> Measurement {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-load-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let cluster = try await LocalCluster.start(executable: executable, storage: folder)
    defer { cluster.stop() }
    return try await cluster.explaining { try await measure(cluster, seconds: seconds) }
  }

  private func measure(_ cluster: LocalCluster, seconds: Double) async throws -> Measurement {
    let (file, x) = try model()
    let plain = try SecretPredictor.plain(file, x)
    let loop = SocketLoop(name: "clients", spin: .zero)
    defer { loop.shutdown() }
    let askers = Askers(cluster: cluster, loop: loop, model: rawValue, x: x, plain: plain)
    let first = try await askers.connected()
    try await first.share(file, named: rawValue, fractionBits: 16)
    let alone = try await askers.ask(first, for: .seconds(min(2, seconds)))
    await first.close()
    let warm = try await askers.ask(clients: Self.clientCount, for: .seconds(min(2, seconds / 4)))
    let begin = cluster.residentMegabytes
    let start = ContinuousClock.now
    let result = try await askers.ask(clients: Self.clientCount, for: .seconds(seconds))
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    let times = result.times.sorted()
    guard !times.isEmpty, !alone.times.isEmpty else { throw ServingError.badRequest("no query was answered") }
    return Measurement(
      workload: rawValue, clients: Self.clientCount, seconds: elapsed, queries: times.count,
      errors: alone.errors + warm.errors + result.errors, queriesPerSecond: Double(times.count) / elapsed,
      p50: times[times.count / 2], p99: times[times.count * 99 / 100],
      singleQuery: alone.times.sorted()[alone.times.count / 2], rssMegabytesBegin: begin,
      rssMegabytesEnd: cluster.residentMegabytes)
  }
}

/// Clients of one cluster that ask the same question.
private struct Askers: Sendable {
  struct Result: Sendable {
    var times: [Double] = []
    var errors = 0
  }

  let cluster: LocalCluster
  let loop: SocketLoop
  let model: String
  let x: Tensor<Float>
  let plain: Tensor<Float>

  func connected() async throws -> ClusterClient {
    try await ClusterClient.connect(to: cluster.cluster, as: cluster.client, loop: loop, patience: .seconds(30))
  }

  func ask(clients: Int, for duration: Duration) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
      for _ in 0..<clients {
        group.addTask {
          let client = try await connected()
          let result = try await ask(client, for: duration)
          await client.close()
          return result
        }
      }
      var total = Result()
      for try await result in group {
        total.times += result.times
        total.errors += result.errors
      }
      return total
    }
  }

  func ask(_ client: ClusterClient, for duration: Duration) async throws -> Result {
    try await loop.run {
      let card = try await client.card(of: model)
      var result = Result()
      let clock = ContinuousClock()
      let end = clock.now + duration
      while clock.now < end {
        let start = clock.now
        do {
          let answer = try await client.query(card, x)
          result.times.append((clock.now - start) / .seconds(1))
          if zip(answer.output.scalars, plain.scalars).contains(where: { abs($0 - $1) > 1e-3 }) { result.errors += 1 }
        } catch let error as ServingError where error.exitCode != 3 { result.errors += 1 }
      }
      return result
    }
  }
}

extension LocalCluster {
  /// What the parties' processes hold in memory; 0 where the system does not tell.
  fileprivate var residentMegabytes: Double {
    processIdentifiers.reduce(0) { sum, process in
      let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
      return sum + (line.split(separator: " ").compactMap { Double($0) }.first ?? 0) / 1024
    }
  }
}
