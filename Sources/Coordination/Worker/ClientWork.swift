import Federation
import Learning
import Links

/// A worker's part of a training that hides it: clips its own update, and under an aggregation that hides updates adds its part of
/// the noise. Whatever the coordinator says, the noise is that of the job's own words.
final class ClientWork {
  private let job: Job
  private var privacy: ClientPrivacy?
  private var noise: WorkerNoise?

  init(_ job: Job) { self.job = job }

  /// What goes out of an update in the open.
  func open(_ update: Update, clip: Double) throws -> (VectorHeader, [Float]) {
    let (clipped, isWithin) = update.clippedAlone(to: try checked(clip))
    var isAdaptive = false
    if case .adaptive? = job.privacy?.clipping { isAdaptive = true }
    return (VectorHeader(examples: 1, isWithin: isAdaptive ? isWithin : nil), clipped.vector)
  }

  /// The integers of an update with its noise, as the plan has them.
  func hidden(_ update: Update, clip: Double, _ plan: HidingPlan) throws -> [UInt64] {
    let privacy = try self.privacy ?? ClientPrivacy(job, weightCount: update.vector.count)
    self.privacy = privacy
    let noise = try self.noise ?? WorkerNoise()
    self.noise = noise
    let grid = try ClientGrid(privacy, clip: try checked(clip))
    guard case .workers(let contributors) = privacy.source, plan.minimumClients >= contributors,
      plan == (try HidingPlan.noised(grid, minimumClients: plan.minimumClients))
    else {
      throw CoordinationError.protocolBreach("sums of fewer updates, or in another range, than the job's privacy needs")
    }
    let (clipped, isWithin) = update.clippedAlone(to: clip)
    let numbers = try noise.numbers(of: clipped, isWithin: isWithin, on: grid)
    return try plan.encode([.doubles(numbers.map { Double($0) })])
  }

  private func checked(_ clip: Double) throws -> Double {
    guard let part = job.privacy, clip >= 1e-9, clip <= 1e9 else {
      throw CoordinationError.protocolBreach("an update without a clipping norm")
    }
    if case .flat(let norm) = part.clipping, norm != clip {
      throw CoordinationError.protocolBreach("a clipping norm of \(clip) instead of the job's \(norm)")
    }
    return clip
  }
}
