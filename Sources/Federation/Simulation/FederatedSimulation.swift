import Arithmetic
public import Datasets
public import Learning
import Tensors

/// A federation in one process: the workers' training, the strategy and the cohorts are those of real runs; there is no
/// network, and updates are averaged in the open.
///
/// The same seed gives the same models, bit for bit, whatever the number of threads.
public struct FederatedSimulation: Sendable {
  public let description: ModelDescription
  public let settings: LocalSettings
  public let strategy: StrategySpec
  public let cohort: CohortSpec
  /// The rows of each worker.
  public let parts: [[Int]]
  /// How a round hides each worker, if it does: workers are drawn by coins of their own, in place of ``cohort``, and the same
  /// seed does not give the same models.
  public let privacy: ClientPrivacy?
  private let features: Tensor<Float>
  private let targets: Tensor<Float>
  private let test: (features: Tensor<Float>, targets: Tensor<Float>)
  private let names: [String]

  /// - Parameters:
  ///   - parts: the rows of each worker.
  ///   - train: rows of classes.
  ///   - test: rows of classes to judge by.
  public init(
    _ description: ModelDescription, _ settings: LocalSettings, strategy: StrategySpec, cohort: CohortSpec,
    parts: [[Int]], train: Dataset, test: Dataset, privacy: ClientPrivacy? = nil
  ) throws(FederationError) {
    self.privacy = privacy
    guard train.classCount != nil, test.classCount != nil, !parts.isEmpty else {
      throw .invalidSetting("a simulation", reason: "needs rows of classes and at least one worker")
    }
    self.description = description
    self.settings = settings
    self.strategy = strategy
    self.cohort = cohort
    self.parts = parts
    features = train.features.reshaped(to: Shape([train.rowCount] + description.inputShape.extents))
    targets = train.targets.tensor
    self.test = (
      test.features.reshaped(to: Shape([test.rowCount] + description.inputShape.extents)), test.targets.tensor
    )
    let digits = String(parts.count).count
    names = parts.indices.map { index in
      let number = String(index + 1)
      return "worker-" + String(repeating: "0", count: digits - number.count) + number
    }
  }

  /// The end of a round.
  public struct Round: Hashable, Sendable, Codable {
    /// From 1.
    public var round: Int
    /// The share of test rows that are right.
    public var accuracy: Double
    /// The mean loss of the test rows.
    public var loss: Double
    /// The mean training loss at the workers.
    public var trainingLoss: Double
  }

  /// Trains for as many rounds as are planned.
  ///
  /// - Parameters:
  ///   - threads: how many workers train at a time.
  ///   - goesOn: is told of every round; no further one follows where it says `false`.
  /// - Returns: the last model.
  public func run(threads: Int = 1, goesOn: (Round) throws -> Bool) async throws -> Weights {
    let layout = WeightLayout(description)
    let server = strategy.server(layout: layout, workers: parts.count)
    let seats = try (0..<max(1, threads)).map { try seat($0, of: max(1, threads)) }
    let start = description.initialWeights(seed: SeedTree(seed: settings.seed).child("weights"))
    var weights = try layout.flatten(start)
    var state = ServerState()
    var controls: [Int: [Float]] = [:]
    for round in 1...max(settings.rounds, 1) {
      let workers = cohort(of: round)
      let tasks = workers.map { task(of: $0, round, weights, state, controls, layout) }
      if let privacy {
        weights = try await Self.privateStep(privacy, tasks, at: seats, server, weights, &state)
        guard try goesOn(try await Self.report(of: round, try layout.weights(weights), at: seats)) else { break }
        continue
      }
      let updates = try await Self.updates(of: tasks, at: seats)
      for (worker, update) in zip(workers, updates) where !update.extras.isEmpty {
        let zeros = [Float](repeating: 0, count: layout.trainedCount)
        controls[worker] = (controls[worker] ?? zeros).adding(update.extras)
      }
      weights = try server.aggregate(updates, into: weights, state: &state)
      var report = try await Self.report(of: round, try layout.weights(weights), at: seats)
      report.trainingLoss = updates.reduce(0) { $0 + $1.loss } / Double(updates.count)
      guard try goesOn(report) else { break }
    }
    return try layout.weights(weights)
  }

  /// Of a model, on the test rows; nothing is told of the workers' own.
  private static func report(of round: Int, _ weights: Weights, at seats: [SimulationSeat]) async throws -> Round {
    let sums = try await sums(of: weights, at: seats)
    return Round(round: round, accuracy: sums[2] / sums[0], loss: sums[1] / sums[0], trainingLoss: 0)
  }

  /// The next model, by updates that are clipped, added and noised.
  private static func privateStep(
    _ privacy: ClientPrivacy, _ tasks: [LocalTask], at seats: [SimulationSeat], _ server: ServerStrategy,
    _ weights: [Float], _ state: inout ServerState
  ) async throws -> [Float] {
    guard case .averaging(let strategy) = server else {
      throw FederationError.invalidSetting("strategy", reason: "must need the average alone where workers are hidden")
    }
    var sum = try ClientSum(privacy, state: state)
    let clip = state.clip(privacy)
    for update in try await updates(of: tasks, at: seats) {
      let (clipped, isWithin) = update.clippedAlone(to: clip)
      try sum.add(clipped, isWithin: isWithin)
    }
    return try sum.step(strategy, from: weights, state: &state)
  }

  private func cohort(of round: Int) -> [Int] {
    if let privacy { return privacy.sampler.draw() }
    let chosen = Set(cohort.sample(from: names, round: round, attempt: 0, seed: settings.seed))
    return names.indices.filter { chosen.contains(names[$0]) }
  }

  private func task(
    of worker: Int, _ round: Int, _ weights: [Float], _ state: ServerState, _ controls: [Int: [Float]],
    _ layout: WeightLayout
  ) -> LocalTask {
    let count = layout.trainedCount
    let usesControl = LocalRule(strategy).usesControl
    return LocalTask(
      worker: names[worker], round: round, weights: weights, rows: parts[worker],
      serverControl: usesControl ? state.control(count: count) : [],
      ownControl: usesControl ? controls[worker] ?? [Float](repeating: 0, count: count) : [])
  }

  /// A seat trains any worker, since it has all rows, and judges its share of the test rows.
  private func seat(_ index: Int, of count: Int) throws -> SimulationSeat {
    let rows = test.features.shape[0]
    let share = Array(rows * index / count..<rows * (index + 1) / count)
    return SimulationSeat(
      trainer: try LocalTrainer(
        description, settings, rule: LocalRule(strategy), features: features, targets: targets),
      evaluator: try Evaluator(
        description, loss: settings.loss, hasClasses: true, features: test.features.gatherRows(share),
        targets: test.targets.gatherRows(share)))
  }

  /// The updates in the order of the tasks.
  private static func updates(of tasks: [LocalTask], at seats: [SimulationSeat]) async throws -> [Update] {
    try await withThrowingTaskGroup(of: [(Int, Update)].self) { group in
      for (index, seat) in seats.enumerated() {
        group.addTask {
          var updates: [(Int, Update)] = []
          for place in stride(from: index, to: tasks.count, by: seats.count) {
            updates.append((place, try await seat.train(tasks[place])))
          }
          return updates
        }
      }
      var updates: [(Int, Update)] = []
      for try await part in group { updates += part }
      return updates.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  private static func sums(of weights: Weights, at seats: [SimulationSeat]) async throws -> [Double] {
    try await withThrowingTaskGroup(of: (Int, [Double]).self) { group in
      for (index, seat) in seats.enumerated() { group.addTask { (index, try await seat.judge(weights)) } }
      var parts: [(Int, [Double])] = []
      for try await part in group { parts.append(part) }
      // In the order of the seats, so that a run's figures are the same every time.
      let zeros = [Double](repeating: 0, count: Evaluator.count)
      return parts.sorted { $0.0 < $1.0 }.reduce(zeros) { zip($0, $1.1).map { $0 + $1 } }
    }
  }
}

/// What one thread of a simulation works with.
private actor SimulationSeat {
  private let trainer: LocalTrainer
  private let evaluator: Evaluator

  init(trainer: sending LocalTrainer, evaluator: Evaluator) {
    self.trainer = trainer
    self.evaluator = evaluator
  }

  func train(_ task: LocalTask) throws -> Update { try trainer.train(task) }
  func judge(_ weights: Weights) throws -> [Double] { try evaluator.sums(weights) }
}
