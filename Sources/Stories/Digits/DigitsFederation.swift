public import Datasets
public import Federation
import Foundation
public import Learning
import Tensors

/// Handwritten digits learned by many workers in one process, as in the paper that named federated averaging.
public struct DigitsFederation: Sendable {
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

  /// - Parameters:
  ///   - folder: the folder of data sets.
  ///   - progress: called after every round.
  public func run(
    folder: String, progress: (FederatedSimulation.Round) throws -> Void = { _ in }
  ) async throws -> Report {
    guard case .tensors(let train, let test) = try NamedDataset.mnist.load(from: folder) else {
      throw DatasetError.inconsistent("The digits are no images")
    }
    func pixels(_ dataset: Dataset) throws -> Dataset {
      standardises ? try dataset.standardised(mean: 0.1307, deviation: 0.3081) : dataset
    }
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
      train: try pixels(train), test: try pixels(test), privacy: hiding)
    let clock = ContinuousClock()
    let start = clock.now
    var report = report(parameters: WeightLayout(description).count)
    _ = try await simulation.run(threads: threads) { round in
      report.rounds.append(round)
      report.accuracy = round.accuracy
      try progress(round)
      guard let target, round.accuracy >= target else { return true }
      report.reachedInRound = round.round
      return false
    }
    report.seconds = (clock.now - start) / .seconds(1)
    report.privacy = try hiding?.report(rounds: report.rounds.count)
    return report
  }

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

extension Dataset {
  fileprivate func standardised(mean: Float, deviation: Float) throws(DatasetError) -> Dataset {
    let pixels = Tensor(shape: features.shape, scalars: features.scalars.map { ($0 - mean) / deviation })
    return try Dataset(name: name, source: source, featureNames: featureNames, features: pixels, targets: targets)
  }
}
