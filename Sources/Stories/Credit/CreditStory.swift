import Coordination
import Datasets
import Foundation
import Graphs
import Learning
import ModelFiles
import Serving
import Sharing
import Tensors
import Transports

/// Three banks train a model together, without any of them showing a row; it is cut into shares, put on three party processes, and
/// asked about applications that no party sees.
public struct CreditStory: Sendable {
  /// The folder of the real data set; `nil` for the synthetic applications.
  public var dataFolder: String?
  public var seed: UInt64
  /// The `tacit` program, which the parties are started from.
  public var executable: String
  public var deadline: Duration
  /// By which engine's parties, one of which tampers, the same model is asked once more, if by any.
  public var cheated: CheatedEngine?
  /// Whether the other parties find out which one tampers; of the engine spdz.
  public var identifies: Bool
  /// How many splits the ways to train are compared on, at least 1.
  public var splits: Int

  public init(
    dataFolder: String?, seed: UInt64, executable: String, deadline: Duration = .seconds(30),
    cheated: CheatedEngine? = nil, identifies: Bool = false, splits: Int = 10
  ) {
    self.cheated = cheated
    self.identifies = identifies
    self.splits = splits
    self.dataFolder = dataFolder
    self.seed = seed
    self.executable = executable
    self.deadline = deadline
  }

  static let fractionBits = 16

  /// Tells the story; `progress` hears what is being done.
  public func tell(progress: @Sendable (String) -> Void = { _ in }) async throws -> CreditReport {
    let clock = ContinuousClock()
    let begin = clock.now
    let dataset = try dataset()
    let (training, testTable) = try dataset.split(test: 0.2, seed: seed)
    let rows = TabularDataset(name: dataset.name, source: dataset.source, schema: dataset.schema, table: training)

    progress("three banks train together")
    let banks = BankFederation(training: rows, seed: seed, executable: executable)
    let tables = try banks.tables()
    let together = try await banks.train(tables, progress: progress)
    progress("training in the clear, to compare")
    let baseline = CreditBaseline(rows: rows, test: testTable, seed: seed)
    let pooled = try baseline.judged(training)
    let alone = try tables.map { try baseline.judged($0).accuracy }

    guard let preprocessing = together.preprocessing else {
      throw CoordinationError.data(reason: "the banks' tables gave no preprocessing")
    }
    let test = try preprocessing.dataset(of: testTable, name: dataset.name, source: dataset.source)
    let model = try TrainedModel.file(of: together.asTrained, creator: "tacit demo credit")
    let plain = try SecretPredictor.plain(model, test.features)
    let targets = test.targets.tensor.scalars
    let accuracy = Metrics.binaryAccuracy(probabilities: plain.scalars, targets: targets)

    progress("starting three parties")
    let secret = try await decide(model, test.features, outputShape: plain.shape, progress)
    let bounds = try ValueBounds(model, fractionBits: Self.fractionBits)
    let plan = try await SecurePlan.query(
      try model.graph(batch: test.rowCount), dataInput: model.inputName, fractionBits: Self.fractionBits,
      widths: bounds.widths, magnitudes: bounds.magnitudes)
    guard secret.together.traffic == plan.traffic else {
      throw SharingError.trafficDiffers(planned: plan.traffic, measured: secret.together.traffic)
    }
    let ways = try await CreditComparison(dataset: dataset, seed: seed, splits: max(splits, 1), executable: executable)
      .compared(progress)
    var cheat: CreditReport.Cheat?
    if let cheated {
      progress("a party cheats")
      cheat = try await CheatingParty(engine: cheated, isIdentified: identifies).story(
        model, test.features.sliced(axis: 0, 0..<1), fractionBits: Self.fractionBits, seed: seed, deadline: deadline)
    }
    return CreditReport(
      seed: seed,
      data: .init(
        source: dataFolder == nil ? "synthetic credit applications, \(test.source)" : test.source,
        rows: training.rowCount + test.rowCount, train: training.rowCount, test: test.rowCount),
      federated: .init(
        workers: tables.count, rounds: together.report.rounds ?? 0, aggregation: Aggregation.masked.rawValue,
        accuracy: accuracy, aloneAccuracy: alone, pooledAccuracy: pooled.accuracy,
        seconds: together.report.seconds, bytesSent: together.report.bytesSent ?? 0),
      plain: .init(
        accuracy: accuracy, auc: Metrics.areaUnderCurve(scores: plain.scalars, targets: targets) ?? 0,
        seconds: pooled.seconds),
      encrypted: Self.figures(secret, plain: plain.scalars, targets: targets, plan: plan),
      views: try Self.views(of: test.features.sliced(axis: 0, 0..<1)), ways: ways.table, goals: ways.goals,
      splits: max(splits, 1), cheat: cheat,
      versions: ["tacit": TacitVersion.current], seconds: (clock.now - begin) / .seconds(1))
  }

  private func dataset() throws -> TabularDataset {
    guard let dataFolder else { return SyntheticCredit.dataset() }
    guard case .tabular(let dataset) = try NamedDataset.creditApproval.load(from: dataFolder) else {
      return SyntheticCredit.dataset()
    }
    return dataset
  }

  /// Every application by itself, then all of them in one query.
  private func decide(
    _ model: ModelFile, _ applications: Tensor<Float>, outputShape: Shape, _ progress: @Sendable (String) -> Void
  ) async throws -> (oneByOne: [Prediction], together: Prediction) {
    let cluster = try await LocalCluster.start(executable: executable, deadline: deadline)
    defer { cluster.stop() }
    return try await cluster.asking(patience: deadline) { client in
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
      return (oneByOne, together)
    }
  }

  // MARK: Figures

  private static func figures(
    _ secret: (oneByOne: [Prediction], together: Prediction), plain: [Float], targets: [Float], plan: SecurePlan
  ) -> CreditReport.Encrypted {
    let probabilities = secret.together.output.scalars
    return .init(
      protocol: "replicated", parties: 3, queries: targets.count,
      accuracy: Metrics.binaryAccuracy(probabilities: probabilities, targets: targets),
      agreement: agreement(probabilities, plain),
      maxAbsoluteError: largestDifference(
        of: secret.oneByOne.flatMap(\.output.scalars), and: probabilities, from: plain),
      rounds: secret.together.traffic.rounds, bytesSent: secret.together.traffic.byteCount,
      planned: .init(rounds: plan.rounds, bytesSent: plan.bytesSent),
      secondsPerQuery: median(secret.oneByOne.map(\.seconds)), secondsAllAtOnce: secret.together.seconds)
  }

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
