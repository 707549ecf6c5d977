import Datasets
import Foundation
import Graphs
import Learning
import ModelFiles
import Serving
import Sharing
import Tensors
import Transports

/// A model is trained, cut into shares, put on three party processes, and asked about applications that no party sees.
public struct CreditStory: Sendable {
  /// The folder of the real data set; `nil` for the synthetic applications.
  public var dataFolder: String?
  public var seed: UInt64
  /// The `tacit` program, which the parties are started from.
  public var executable: String
  public var deadline: Duration

  public init(dataFolder: String?, seed: UInt64, executable: String, deadline: Duration = .seconds(30)) {
    self.dataFolder = dataFolder
    self.seed = seed
    self.executable = executable
    self.deadline = deadline
  }

  static let fractionBits = 16
  static let layers: [LayerSpec] = [
    .dense(units: 64), .relu, .dense(units: 32), .relu, .dense(units: 1), .sigmoid,
  ]

  /// Tells the story; `progress` hears what is being done.
  public func tell(progress: @Sendable (String) -> Void = { _ in }) async throws -> CreditReport {
    let clock = ContinuousClock()
    let begin = clock.now
    progress("training in the clear")
    let prepared = try dataset().prepared(test: 0.2, seed: seed)
    let (trained, trainingSeconds) = try train(prepared)
    let model = try file(trained, prepared)
    let test = prepared.test
    let plain = try SecretPredictor.plain(model, test.features)
    let targets = test.targets.tensor.scalars

    progress("starting three parties")
    let secret = try await decide(model, test.features, outputShape: plain.shape, progress)
    let bounds = try ValueBounds(model, fractionBits: Self.fractionBits)
    let plan = try await SecurePlan.query(
      try model.graph(batch: test.rowCount), dataInput: model.inputName, fractionBits: Self.fractionBits,
      widths: bounds.widths, magnitudes: bounds.magnitudes)
    guard secret.together.traffic == plan.traffic else {
      throw SharingError.trafficDiffers(planned: plan.traffic, measured: secret.together.traffic)
    }
    let probabilities = secret.together.output.scalars
    return CreditReport(
      seed: seed,
      data: .init(
        source: dataFolder == nil ? "synthetic credit applications, \(test.source)" : test.source,
        rows: prepared.train.rowCount + test.rowCount, train: prepared.train.rowCount,
        test: test.rowCount),
      plain: .init(
        accuracy: Metrics.binaryAccuracy(probabilities: plain.scalars, targets: targets),
        auc: Metrics.areaUnderCurve(scores: plain.scalars, targets: targets) ?? 0, seconds: trainingSeconds),
      encrypted: .init(
        protocol: "replicated", parties: 3, queries: test.rowCount,
        accuracy: Metrics.binaryAccuracy(probabilities: probabilities, targets: targets),
        agreement: Self.agreement(probabilities, plain.scalars),
        maxAbsoluteError: Self.largestDifference(
          of: secret.oneByOne.flatMap(\.output.scalars), and: probabilities, from: plain.scalars),
        rounds: secret.together.traffic.rounds, bytesSent: secret.together.traffic.byteCount,
        planned: .init(rounds: plan.rounds, bytesSent: plan.bytesSent),
        secondsPerQuery: Self.median(secret.oneByOne.map(\.seconds)), secondsAllAtOnce: secret.together.seconds),
      views: try Self.views(of: test.features.sliced(axis: 0, 0..<1)),
      versions: ["tacit": TacitVersion.current], seconds: (clock.now - begin) / .seconds(1))
  }

  private func dataset() throws -> TabularDataset {
    guard let dataFolder else { return SyntheticCredit.dataset() }
    guard case .tabular(let dataset) = try NamedDataset.creditApproval.load(from: dataFolder) else {
      return SyntheticCredit.dataset()
    }
    return dataset
  }

  private func train(_ prepared: PreparedDataset) throws -> (Model, seconds: Double) {
    let description = try ModelDescription(layers: Self.layers, inputShape: [prepared.train.features.shape[1]])
    let trainer = try Trainer(
      description, loss: .binaryCrossEntropy,
      optimizer: .sgd(learningRate: 0.01, momentum: 0.9, weightDecay: 0.01), epochs: 20, batch: 32, seed: seed)
    let clock = ContinuousClock()
    let start = clock.now
    let result = try trainer.train(features: prepared.train.features, targets: prepared.train.targets.tensor)
    return (result.model, (clock.now - start) / .seconds(1))
  }

  private func file(_ model: Model, _ prepared: PreparedDataset) throws -> ModelFile {
    try ModelFile(
      graph: try model.graph(batch: 1), weights: model.weights.byName, preprocessing: prepared.preprocessing,
      provenance: .init(
        creator: "tacit demo credit", dataset: prepared.train.name, source: prepared.train.source, seed: seed,
        trainingRows: prepared.train.rowCount),
      inputRange: try InputRange.covering(prepared.train.features))
  }

  /// Every application by itself, then all of them in one query.
  private func decide(
    _ model: ModelFile, _ applications: Tensor<Float>, outputShape: Shape, _ progress: @Sendable (String) -> Void
  ) async throws -> (oneByOne: [Prediction], together: Prediction) {
    let cluster = try await LocalCluster.start(executable: executable, deadline: deadline)
    defer { cluster.stop() }
    return try await cluster.explaining {
      let loop = SocketLoop(name: "client")
      defer { loop.shutdown() }
      let client = try await ClusterClient.connect(
        to: cluster.cluster, as: cluster.client, loop: loop, patience: deadline)
      let name = try await client.share(model, fractionBits: Self.fractionBits)
      progress("deciding on shares")
      var oneByOne: [Prediction] = []
      for row in 0..<applications.shape[0] {
        oneByOne.append(
          try await client.query(
            name, applications.sliced(axis: 0, row..<row + 1),
            outputShape: outputShape.replacing(axis: 0, with: 1), fractionBits: Self.fractionBits,
            declared: model.inputRange))
      }
      let together = try await client.query(
        name, applications, outputShape: outputShape, fractionBits: Self.fractionBits, declared: model.inputRange)
      await client.close()
      return (oneByOne, together)
    }
  }

  // MARK: Figures

  private static func agreement(_ secret: [Float], _ plain: [Float]) -> Double {
    let same = zip(secret, plain).count { ($0 > 0.5) == ($1 > 0.5) }
    return Double(same) / Double(max(plain.count, 1))
  }

  private static func largestDifference(of first: [Float], and second: [Float], from plain: [Float]) -> Double {
    let differences = [first, second].flatMap { values in zip(values, plain).map { abs($0 - $1) } }
    return Double(differences.max() ?? 0)
  }

  private static func median(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.sorted()[values.count / 2]
  }

  /// What an application looks like to its owner and to each party, shared afresh for the picture.
  private static func views(of application: Tensor<Float>) throws -> [CreditReport.View] {
    let words = try SecretInput.encode(application, named: "the application", fractionBits: fractionBits)
    return try InputSharing.parcels(of: [words]).enumerated().map { party, parcel in
      let share = try InputSharing.unpack(parcel, party: party, shapes: [words.shape])[0]
      return CreditReport.View(
        party: party, owner: application.scalars.map { Double($0) },
        share: share.first.scalars.map { String(format: "%016lx", $0) })
    }
  }
}
