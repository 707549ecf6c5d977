import Federation
import Learning
import Privacy

/// How a worker hides itself from a Flower federation: each update is clipped and gets all the noise that the job asks for, here, since
/// nobody in that federation is bound to add any.
///
/// ε is that of one worker alone: no sampling counts, as the ServerApp knows whom it asks, and no other worker's noise.
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
    return try ClientPrivacy(
      part, workers: 1, cohort: 1, rounds: federated.rounds, source: .workers(contributors: 1), weightCount: weightCount
    )
  }

  /// An update as it may be told.
  func hidden(_ update: Update) throws -> [Float] {
    let privacy = try Self.privacy(job, weightCount: update.vector.count)
    let grid = try ClientGrid(privacy, clip: clip)
    let (clipped, isWithin) = update.clippedAlone(to: clip)
    return grid.mean(try noise.numbers(of: clipped, isWithin: isWithin, on: grid)).vector
  }
}
