public import Datasets
public import Federation
import Foundation
public import Learning
import Tensors

/// Handwritten digits learned by many workers in one process, as in the paper that named federated averaging.
public struct DigitsFederation: Hashable, Sendable {
  public var network = DigitsNetwork.twoLayers
  public var workers = 100
  public var partition = Partition.iid
  public var cohort = CohortSpec.fraction(0.1)
  public var strategy = StrategySpec.fedAvg
  public var rounds = 100
  public var localEpochs = 1
  public var batch = 10
  public var learningRate = 0.1
  public var initial = InitialWeights.byLayer
  /// Over the rounds, from ``learningRate``.
  public var schedule = Schedule.constant
  public var seed: UInt64 = 1
  /// The training is over after the round that reaches this share of right test rows; `nil` for all rounds.
  public var target: Double?
  public var threads = 1
  /// Whether pixels are centred and scaled by the constants that are usual for these digits, 0.1307 and 0.3081.
  public var standardises = false
  /// How each worker is hidden, if it is.
  public var privacy: PrivacyPart?
  /// Images a worker, in two shards, in place of ``partition``; images are repeated where there are too few.
  public var imagesPerWorker: Int?

  public init() {}

  /// What a run gives.
  public struct Report: Hashable, Sendable, Codable {
    public var network: DigitsNetwork
    public var parameters: Int
    public var workers: Int
    public var cohort: Int
    public var partition: String
    public var strategy: String
    public var localEpochs: Int
    public var batch: Int
    public var learningRate: Double
    public var initial: InitialWeights
    public var schedule: Schedule
    public var standardised: Bool
    public var seed: UInt64
    public var target: Double?
    /// The first round that reached the target.
    public var reachedInRound: Int?
    /// After the last round.
    public var accuracy: Double
    public var seconds: Double
    /// What was spent, where each worker is hidden.
    public var privacy: TrainingReport.PrivacyPart?
    public var rounds: [FederatedSimulation.Round]
  }

  /// The images to learn from and those to judge by.
  ///
  /// - Parameter folder: the folder of data sets.
  static func images(in folder: String) throws -> (train: Dataset, test: Dataset) {
    guard case .tensors(let train, let test) = try NamedDataset.mnist.load(from: folder) else {
      throw DatasetError.inconsistent("The digits are no images")
    }
    return (train, test)
  }

  /// - Parameters:
  ///   - folder: the folder of data sets.
  ///   - progress: called after every round.
  public func run(
    folder: String, progress: (FederatedSimulation.Round) throws -> Void = { _ in }
  ) async throws -> Report {
    let (train, test) = try Self.images(in: folder)
    return try await self.train(on: train, judgedBy: test, progress: progress).report
  }

  /// Trains, and yields the last model, too; it takes ``inputs(_:)``.
  func train(
    on train: Dataset, judgedBy test: Dataset, progress: (FederatedSimulation.Round) throws -> Void
  ) async throws -> (report: Report, model: Model) {
    let description = try network.description(initial: initial)
    let settings = LocalSettings(
      loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: learningRate), schedule: schedule, batch: batch,
      epochs: localEpochs, rounds: rounds, seed: seed)
    let hiding = try privacy.map { part in
      try ClientPrivacy(
        part, workers: workers, cohort: cohort.rate(of: workers), rounds: rounds,
        weightCount: WeightLayout(description).count)
    }
    let simulation = try FederatedSimulation(
      description, settings, strategy: strategy, cohort: cohort, parts: try parts(train.targets.classes ?? []),
      train: try prepared(train), test: try prepared(test), privacy: hiding)
    let clock = ContinuousClock()
    let start = clock.now
    var report = report(parameters: WeightLayout(description).count)
    let weights = try await simulation.run(threads: threads) { round in
      report.rounds.append(round)
      report.accuracy = round.accuracy
      try progress(round)
      guard let target, round.accuracy >= target else { return true }
      report.reachedInRound = round.round
      return false
    }
    report.seconds = (clock.now - start) / .seconds(1)
    report.privacy = try hiding?.report(rounds: report.rounds.count)
    return (report, try Model(description: description, weights: weights))
  }

  /// Pixels between 0 and 1 as the network takes them.
  func inputs(_ pixels: Tensor<Float>) -> Tensor<Float> {
    standardises ? Tensor(shape: pixels.shape, scalars: pixels.scalars.map(Self.standardised)) : pixels
  }

  private func prepared(_ set: Dataset) throws(DatasetError) -> Dataset {
    guard standardises else { return set }
    return try Dataset(name: set.name, source: set.source, features: inputs(set.features), targets: set.targets)
  }

  /// What ``inputs(_:)`` lie in.
  var inputRange: ClosedRange<Float> { standardises ? Self.standardised(0)...Self.standardised(1) : 0...1 }

  private static func standardised(_ pixel: Float) -> Float { (pixel - 0.1307) / 0.3081 }

  private func parts(_ classes: [Int]) throws(DatasetError) -> [[Int]] {
    if let imagesPerWorker {
      return RepeatedShards(classes: classes, imagesPerWorker: imagesPerWorker).deal(workers: workers, seed: seed)
    }
    return try partition.deal(strata: classes, workers: workers, seed: seed)
  }

  private func report(parameters: Int) -> Report {
    Report(
      network: network, parameters: parameters, workers: workers, cohort: cohort.count(of: workers),
      partition: imagesPerWorker.map { "\($0) images in two shards" } ?? partition.name,
      strategy: strategy.kind.rawValue, localEpochs: localEpochs, batch: batch,
      learningRate: learningRate, initial: initial, schedule: schedule,
      standardised: standardises, seed: seed, target: target, accuracy: 0, seconds: 0, rounds: [])
  }
}

extension DigitsFederation.Report {
  /// What was trained, in a few words.
  public var title: String {
    let parts = partition == "iid" ? "iid" : "\(partition) a worker"
    return
      "\(network.rawValue), \(workers) workers, \(parts), E=\(localEpochs), B=\(batch), η=\(learningRate)\(decay)\(start)\(standardised ? ", standardised pixels" : "")"
  }

  private var decay: String { schedule == .constant ? "" : ", falling as a cosine" }

  private var start: String { initial == .byLayer ? "" : ", \(initial.rawValue) weights" }

  /// What came out.
  public var sentence: String {
    let percent = String(format: "%.2f %%", accuracy * 100)
    guard let target else { return "\(percent) of the test images are right after \(rounds.count) rounds" }
    let goal = String(format: "%g %%", target * 100)
    return reachedInRound.map { "\(goal) of the test images are right after \($0) rounds" }
      ?? "\(percent) of the test images are right after \(rounds.count) rounds, \(goal) was not reached"
  }
}

extension Partition {
  /// As a job writes it.
  var name: String {
    switch self {
    case .iid: "iid"
    case .dirichlet(let concentration): "dirichlet \(concentration)"
    case .shards(let count): "\(count) shards"
    case .byColumn(let column): "by column \(column)"
    case .quantity(let concentration): "quantity \(concentration)"
    }
  }
}
