import Foundation
import Graphs
public import ModelFiles
import Sharing
public import Tensors
import Transports

/// Predicts by any engine on this machine, and says what it took and how far it is from the plain result.
public struct SecretPredictor: Sendable {
  public let options: EngineOptions
  /// The program to start as parties.
  public let executable: String
  /// Examples that travel together; more are fed in pieces, so that memory stays bounded.
  static let largestPiece = 512
  /// Told while the parties wait for their dealer.
  public let waiting: @Sendable (DealerProgress) -> Void

  public init(
    options: EngineOptions, executable: String, waiting: @escaping @Sendable (DealerProgress) -> Void = { _ in }
  ) {
    self.waiting = waiting
    self.options = options
    self.executable = executable
  }

  /// A prediction and its account.
  public struct Outcome: Sendable {
    public let output: Tensor<Float>
    public let summary: PredictionSummary
  }

  public func predict(_ model: ModelFile, _ input: Tensor<Float>) async throws -> Outcome {
    let plain = try timed { try Self.plain(model, input) }
    guard options.engine != .plain else { return outcome(plain.value, plain: plain.value, runs: [plain.seconds]) }
    try model.inputRange?.check(input)
    for piece in pieces(of: input) { try RangeCheck.check(model, piece, fractionBits: options.fractionBits) }
    switch options.engine {
    case .plain: return outcome(plain.value, plain: plain.value, runs: [plain.seconds])
    case .clear:
      var runs: [Double] = []
      var output = plain.value
      let clock = ContinuousClock()
      for _ in 0..<options.repeats {
        let start = clock.now
        output = try await ClearPrediction.predict(model, input, fractionBits: options.fractionBits)
        runs.append((clock.now - start) / .seconds(1))
      }
      return outcome(output, plain: plain.value, runs: runs)
    case .replicated, .additive, .spdz, .replicatedMalicious:
      let planned = try await plan(model, input)
      let runs = try await secretRuns(model, pieces(of: input))
      for run in runs where run.traffic != planned.traffic {
        throw SharingError.trafficDiffers(planned: planned.traffic, measured: run.traffic)
      }
      return outcome(
        runs[0].output, plain: plain.value, runs: runs.map(\.seconds), traffic: runs[0].traffic, planned: planned,
        offlineSeconds: runs[0].offlineSeconds)
    }
  }

  /// The plain result: 32-bit floats.
  public static func plain(_ model: ModelFile, _ input: Tensor<Float>) throws -> Tensor<Float> {
    var inputs = model.weights
    inputs[model.inputName] = input
    return try PlainEngine().run(try model.graph(batch: input.shape[0]), inputs: inputs)[0]
  }

  private func timed<Value>(_ body: () throws -> Value) rethrows -> (value: Value, seconds: Double) {
    let clock = ContinuousClock()
    let start = clock.now
    let value = try body()
    return (value, (clock.now - start) / .seconds(1))
  }

  private func pieces(of input: Tensor<Float>) -> [Tensor<Float>] {
    stride(from: 0, to: input.shape[0], by: Self.largestPiece).map { start in
      input.sliced(axis: 0, start..<min(start + Self.largestPiece, input.shape[0]))
    }
  }

  private var scheme: ClusterScheme {
    switch options.engine {
    case .plain, .clear, .replicated: .replicated
    case .replicatedMalicious: .replicatedMalicious
    case .additive: .additive(partyCount: options.parties)
    case .spdz: .spdz(partyCount: options.parties)
    }
  }

  private var costs: any CostModel {
    options.engine.costs(
      partyCount: options.parties, options: options.replicated, identifying: options.isIdentifying)
  }

  /// What the plan says of all pieces together.
  private func plan(_ model: ModelFile, _ input: Tensor<Float>) async throws -> Planned {
    let bounds = try ValueBounds(model, fractionBits: options.fractionBits)
    var total = Planned()
    var known: [Int: SecurePlan] = [:]
    for piece in pieces(of: input) {
      let batch = piece.shape[0]
      if known[batch] == nil {
        known[batch] = try await SecurePlan.query(
          try model.graph(batch: batch), dataInput: model.inputName, fractionBits: options.fractionBits,
          widths: bounds.widths, magnitudes: bounds.magnitudes, costs: costs)
      }
      total.traffic = total.traffic + (known[batch]?.traffic ?? .none)
      total.failureProbability = min(1, total.failureProbability + (known[batch]?.failureProbability ?? 0))
    }
    return total
  }

  /// What the plans of all pieces say together.
  private struct Planned {
    var traffic = Cost.none
    var failureProbability = 0.0
  }

  /// One run over all pieces, `repeats` times after a warm-up.
  private func secretRuns(_ model: ModelFile, _ pieces: [Tensor<Float>]) async throws -> [Prediction] {
    switch options.transport {
    case .memory:
      var byPiece: [[Prediction]] = []
      for piece in pieces {
        byPiece.append(try await memoryRuns(model, piece))
      }
      return (0..<options.repeats).map { run in Prediction.joining(byPiece.map { $0[run] }) }
    case .tls:
      let cluster = try await LocalCluster.start(
        executable: executable, scheme: scheme, deadline: options.deadline)
      defer { cluster.stop() }
      return try await cluster.explaining { try await clusterRuns(cluster, model, pieces) }
    }
  }

  private func clusterRuns(
    _ cluster: LocalCluster, _ model: ModelFile, _ pieces: [Tensor<Float>]
  ) async throws -> [Prediction] {
    let loop = SocketLoop(name: "client")
    defer { loop.shutdown() }
    let client = try await ClusterClient.connect(
      to: cluster.cluster, as: cluster.client, loop: loop, patience: options.deadline, waiting: waiting)
    let name = try await client.share(model, fractionBits: options.fractionBits, options: options.replicated)
    var offline = 0.0
    let counts = Dictionary(grouping: pieces, by: { $0.shape[0] }).mapValues(\.count)
    for (batch, count) in counts {
      offline += Double(count) * (try await client.prepare(name, batch: batch, runs: count * (options.repeats + 1)))
    }
    var runs: [Prediction] = []
    for _ in 0...options.repeats {
      var answers: [Prediction] = []
      for piece in pieces {
        answers.append(
          try await client.query(
            name, piece, outputShape: try SecretOutput.shape(of: model, batch: piece.shape[0]),
            fractionBits: options.fractionBits, declared: model.inputRange))
      }
      runs.append(Prediction.joining(answers))
      runs[runs.count - 1].offlineSeconds = offline
    }
    await client.close()
    return Array(runs.dropFirst())
  }

  private func memoryRuns(_ model: ModelFile, _ piece: Tensor<Float>) async throws -> [Prediction] {
    switch options.engine {
    case .additive: try await memoryRuns(on: AdditiveScheme.self, model, piece)
    case .spdz: try await memoryRuns(on: AuthenticatedScheme.self, model, piece)
    case .replicatedMalicious:
      try await CheckedMemoryCluster(fractionBits: options.fractionBits, deadline: options.deadline)
        .predict(model, piece, repeats: options.repeats)
    case .plain, .clear, .replicated:
      try await MemoryCluster.predict(
        model, piece, fractionBits: options.fractionBits, repeats: options.repeats, deadline: options.deadline,
        options: options.replicated)
    }
  }

  private func memoryRuns<Scheme: DealtScheme>(
    on scheme: Scheme.Type, _ model: ModelFile, _ piece: Tensor<Float>
  ) async throws -> [Prediction] {
    try await DealtMemoryCluster(
      of: scheme, partyCount: options.parties, fractionBits: options.fractionBits, deadline: options.deadline,
      identifying: options.isIdentifying
    ).predict(model, piece, repeats: options.repeats)
  }

  private func outcome(
    _ output: Tensor<Float>, plain: Tensor<Float>, runs: [Double], traffic: Cost = .none,
    planned: Planned = Planned(), offlineSeconds: Double = 0
  ) -> Outcome {
    let sorted = runs.sorted()
    let error = zip(output.scalars, plain.scalars).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    return Outcome(
      output: output,
      summary: PredictionSummary(
        engine: options.engine.rawValue, parties: options.parties,
        transport: options.engine.isSecret ? options.transport.rawValue : "none", batch: output.shape[0],
        seconds: sorted[sorted.count / 2], secondsMinimum: sorted[0], offlineSeconds: offlineSeconds,
        rounds: traffic.rounds, bytesSent: traffic.byteCount, dealtBytes: traffic.dealtByteCount,
        planned: .init(rounds: planned.traffic.rounds, bytesSent: planned.traffic.byteCount),
        optimise: options.engine == .replicated ? options.replicated.optimise.rawValue : nil,
        truncation: options.engine == .replicated ? options.replicated.truncation.rawValue : nil,
        failureProbability: planned.failureProbability, maxAbsoluteError: Double(error)))
  }
}

extension Prediction {
  /// Pieces of one batch, asked one after the other.
  static func joining(_ pieces: [Prediction]) -> Prediction {
    guard pieces.count > 1 else { return pieces[0] }
    return Prediction(
      output: Tensor.concatenated(pieces.map(\.output), axis: 0), seconds: pieces.reduce(0) { $0 + $1.seconds },
      partySeconds: pieces.reduce(0) { $0 + $1.partySeconds },
      traffic: pieces.reduce(.none) { $0 + $1.traffic },
      offlineSeconds: pieces.reduce(0) { $0 + $1.offlineSeconds })
  }
}

/// The account of a prediction, as `tacit predict --json` prints it.
public struct PredictionSummary: Hashable, Sendable, Codable {
  public struct Planned: Hashable, Sendable, Codable {
    public var rounds: Int
    public var bytesSent: Int
  }

  public var engine: String
  public var parties: Int
  public var transport: String
  public var batch: Int
  /// From shares sent to the answer opened, median of the runs.
  public var seconds: Double
  public var secondsMinimum: Double
  public var offlineSeconds: Double
  public var rounds: Int
  public var bytesSent: Int
  public var dealtBytes: Int
  public var planned: Planned
  /// What the parties spent less of, `bytes` or `rounds`, and how they truncated, where there is a choice.
  public var optimise: String?
  public var truncation: String?
  /// The most probable that the result is wrong by more than the documented rounding.
  public var failureProbability: Double
  /// Against the plain result.
  public var maxAbsoluteError: Double

  /// For people.
  public var text: String {
    let milliseconds = (seconds * 1000).formatted(.number.precision(.significantDigits(3)))
    var lines = ["\(batch) examples by the engine \(engine) in \(milliseconds) ms"]
    if rounds > 0 {
      lines.append("\(parties) parties over \(transport): \(rounds) rounds, \(bytesSent) bytes, exactly as planned")
    }
    if failureProbability > 0 {
      lines.append("wrong with a probability of at most \(failureProbability.formatted(.number.notation(.scientific)))")
    }
    if dealtBytes > 0 { lines.append("dealt beforehand: \(dealtBytes) bytes in \(offlineSeconds) s") }
    if engine != "plain" {
      lines.append("largest difference from the plain result: \(maxAbsoluteError)")
    }
    return lines.joined(separator: "\n")
  }
}
