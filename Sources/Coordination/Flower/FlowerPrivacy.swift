import Federation
import Learning
import Privacy

/// How a worker hides itself from a Flower federation: each update is clipped and noised here, since nobody in that federation is bound
/// to.
///
/// Under `aggregation: open` a worker adds all the noise that the job asks for, and ε is that of one worker alone. Under masked sums it
/// adds its part of what the fewest contributors add up. No sampling counts in either, as the ServerApp knows whom it asks.
struct FlowerPrivacy {
  private let job: Job
  private let clip: Double
  private let noise: WorkerNoise

  init(_ job: Job) throws {
    guard case .flat(let clip)? = job.privacy?.clipping else {
      throw CoordinationError.flower(
        "its clipping norm adapts to all updates, which nobody counts here; write clip: NUMBER")
    }
    self.job = job
    self.clip = clip
    noise = try WorkerNoise()
  }

  /// The job's privacy as it is here.
  static func privacy(_ job: Job, weightCount: Int) throws -> ClientPrivacy {
    guard let part = job.privacy, let federated = job.federated, part.unit == .client else {
      throw LearningError.invalidSetting("privacy.unit", reason: "must be client for a federated training")
    }
    guard part.accountant == .rdp else {
      throw LearningError.invalidSetting(
        "privacy.accountant", reason: "must be rdp at a Flower worker, whose noise is Skellam noise")
    }
    if federated.aggregation.hidesUpdates {
      return try ClientPrivacy(
        part, workers: federated.workers, cohort: 1, rounds: federated.rounds,
        source: .workers(contributors: federated.leastContributors), weightCount: weightCount)
    }
    return try ClientPrivacy(
      part, workers: 1, cohort: 1, rounds: federated.rounds, source: .workers(contributors: 1), weightCount: weightCount
    )
  }

  /// An update as it may be told.
  func hidden(_ update: Update) throws -> [Float] {
    let (grid, numbers) = try noised(update)
    return grid.mean(numbers).vector
  }

  /// An update as it enters a masked sum, with its part of the noise.
  func summand(_ update: Update, arrays: [String], minimumClients: Int, context: [UInt8]) throws -> FlowerSum {
    let (grid, numbers) = try noised(update)
    return try FlowerSum(
      .mean, try .noised(grid, minimumClients: minimumClients), [.doubles(numbers.map { Double($0) })],
      arrays: arrays, step: grid.meanStep, context: context)
  }

  private func noised(_ update: Update) throws -> (ClientGrid, [Int]) {
    let grid = try ClientGrid(Self.privacy(job, weightCount: update.vector.count), clip: clip)
    let (clipped, isWithin) = update.clippedAlone(to: clip)
    return (grid, try noise.numbers(of: clipped, isWithin: isWithin, on: grid))
  }
}
