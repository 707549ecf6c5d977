import Arithmetic
import Coordination
import Datasets
import Federation
import Foundation
import Learning
import Tensors

/// Federations of real processes over TLS on this machine: what a round takes beside the workers' own training.
public enum FederationWorkload: String, Sendable, CaseIterable {
  /// The network for credit applications, 15-64-32-1, three workers.
  case creditOpen = "federation_credit_open"
  case creditMasked = "federation_credit_masked"
  /// A million and ten million parameters, three workers, updates in the open.
  case million = "federation_1m_open"
  case tenMillion = "federation_10m_open"
  /// A thousand workers on one coordinator, a network of ten thousand parameters, 20 rounds.
  case thousandWorkers = "federation_1000_workers"

  /// One line of `tacit bench --json`.
  public struct Measurement: Hashable, Sendable, Codable {
    public var peer = "tacit"
    public var workload: String
    /// Of a whole round at the coordinator, training included; the first three are not counted.
    public var secondsMedian: Double
    public var secondsMinimum: Double
    /// Of one worker's training by itself.
    public var trainingSeconds: Double
    public var rounds: Int
    public var workers: Int
    public var parameters: Int
    public var aggregation: String
    /// Payload of all rounds, in both directions.
    public var bytesSent: Int
    /// The most memory the coordinator ever held; 0 where the system does not tell.
    public var coordinatorPeakBytes: Int

    private enum CodingKeys: String, CodingKey {
      case peer, workload, rounds, workers, parameters, aggregation
      case secondsMedian = "seconds_median"
      case secondsMinimum = "seconds_min"
      case trainingSeconds = "training_seconds"
      case bytesSent = "bytes_sent"
      case coordinatorPeakBytes = "coordinator_peak_bytes"
    }
  }

  var workers: Int { self == .thousandWorkers ? 1000 : 3 }
  var rounds: Int {
    switch self {
    case .creditOpen, .creditMasked: 63
    case .million, .thousandWorkers: 20
    case .tenMillion: 10
    }
  }
  var rowsOfAWorker: Int { self == .creditOpen || self == .creditMasked ? 184 : 16 }
  var aggregation: Aggregation { self == .creditMasked ? .masked : .open }

  var layers: String {
    switch self {
    case .creditOpen, .creditMasked: "[{dense: 64}, relu, {dense: 32}, relu, {dense: 1}, sigmoid]"
    case .million: "[{dense: 990}, relu, {dense: 990}, relu, {dense: 1}, sigmoid]"
    case .tenMillion: "[{dense: 3150}, relu, {dense: 3150}, relu, {dense: 1}, sigmoid]"
    case .thousandWorkers: "[{dense: 90}, relu, {dense: 90}, relu, {dense: 1}, sigmoid]"
    }
  }

  /// The job, for workers who bring tables of their own to a coordinator.
  private func job(at coordinator: String) -> String {
    """
    model: {layers: \(layers)}
    data: {target: y, test: 0.1}
    training: {batch: 32, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.01}}, seed: 7}
    mode: federated
    federated: {workers: \(workers), rounds: \(rounds), aggregation: \(aggregation.rawValue), minimumClients: 3}
    coordinator: \(coordinator)
    """
  }

  /// Random numbers in 15 columns and two classes.
  func table(of worker: Int) throws -> Table {
    var random = SeedTree(seed: UInt64(worker)).child(rawValue).generator()
    let names = (1...15).map { "x\($0)" } + ["y"]
    let columns = names.map { name in
      (0..<rowsOfAWorker).map { row -> String? in
        name == "y" ? (row % 2 == 0 ? "no" : "yes") : String(format: "%.4f", random.normal())
      }
    }
    return try Table(name: "worker \(worker)", columnNames: names, columns: columns)
  }

  /// Runs it and tells what the rounds took.
  ///
  /// - Parameter executable: the `tacit` program.
  public func measure(executable: String) async throws -> Measurement {
    let crowd = try Crowd(self, executable: executable)
    defer { crowd.stop() }
    let text = job(at: crowd.url)
    let job = try Job.parse(text)
    var records: [RoundRecord] = []
    let outcome = try await crowd.run(text, seed: job.training.seed) { news in
      if case .round(let record) = news { records.append(record) }
    }
    let seconds = records.dropFirst(3).map(\.seconds).sorted()
    guard !seconds.isEmpty else { throw CoordinationError.data(reason: "the federation had no rounds") }
    return Measurement(
      workload: rawValue, secondsMedian: seconds[seconds.count / 2], secondsMinimum: seconds[0],
      trainingSeconds: try trainingSeconds(job), rounds: records.count, workers: outcome.workers.count,
      parameters: try parameters(job), aggregation: aggregation.rawValue, bytesSent: outcome.bytesSent,
      coordinatorPeakBytes: crowd.coordinatorPeakBytes)
  }

  private func description(_ job: Job) throws -> ModelDescription {
    try ModelDescription(job.model, inputShape: [15])
  }

  private func parameters(_ job: Job) throws -> Int { WeightLayout(try description(job)).count }

  /// The median of some epochs over one worker's rows, in this process.
  private func trainingSeconds(_ job: Job) throws -> Double {
    let table = try table(of: 1)
    let schema = try Schema.inferred(from: table, target: "y")
    let rows = try Preprocessing.fit(table, schema).dataset(of: table, name: "rows", source: rawValue)
    let trainer = try Trainer(
      try description(job), loss: job.training.loss, optimizer: job.training.optimizer, epochs: 8,
      batch: job.training.batch, seed: 7)
    let clock = ContinuousClock()
    var last = clock.now
    var seconds: [Double] = []
    _ = try trainer.train(features: rows.features, targets: rows.targets.tensor) { _ in
      seconds.append((clock.now - last) / .seconds(1))
      last = clock.now
    }
    return seconds.dropFirst(2).sorted()[3]
  }
}
