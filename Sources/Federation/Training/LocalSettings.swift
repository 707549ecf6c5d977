public import Learning

/// How workers train, the same for all of them. Momentum and the like begin anew in every round.
public struct LocalSettings: Hashable, Sendable, Codable {
  public var loss: Loss
  public var optimizer: Optimizer
  /// Over the epochs of all rounds.
  public var schedule: Schedule
  public var batch: Int
  /// How often a worker goes over its rows in a round.
  public var epochs: Int
  /// How many rounds are planned in all.
  public var rounds: Int
  public var seed: UInt64

  public init(
    loss: Loss, optimizer: Optimizer, schedule: Schedule = .constant, batch: Int, epochs: Int, rounds: Int, seed: UInt64
  ) {
    self.loss = loss
    self.optimizer = optimizer
    self.schedule = schedule
    self.batch = batch
    self.epochs = epochs
    self.rounds = rounds
    self.seed = seed
  }

  /// Those of a job.
  public init(_ training: Job.TrainingPart, _ federated: Job.FederatedPart) {
    self.init(
      loss: training.loss, optimizer: training.optimizer, schedule: training.schedule, batch: training.batch,
      epochs: federated.localEpochs, rounds: federated.rounds, seed: training.seed)
  }
}

/// What a worker is to do in a round.
public struct LocalTask: Hashable, Sendable {
  /// The worker's name, which its shuffles follow from.
  public var worker: String
  /// From 1.
  public var round: Int
  /// The global weights, in the order of ``WeightLayout``.
  public var weights: [Float]
  /// Which of the trainer's rows are the worker's; all if `nil`.
  public var rows: [Int]?
  /// The server's control variate and the worker's own; empty but for SCAFFOLD. When the round has counted, the worker
  /// adds ``Update/extras`` to its own.
  public var serverControl: [Float]
  public var ownControl: [Float]

  public init(
    worker: String, round: Int, weights: [Float], rows: [Int]? = nil, serverControl: [Float] = [],
    ownControl: [Float] = []
  ) {
    self.worker = worker
    self.round = round
    self.weights = weights
    self.rows = rows
    self.serverControl = serverControl
    self.ownControl = ownControl
  }
}
