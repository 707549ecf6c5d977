import Learning
import Privacy

/// A worker's numbers under an aggregation that hides them, its own part of the round's noise among them.
///
/// Each worker adds Skellam noise of the same variance to each number; the parts of as many workers as must contribute for anything to
/// be opened add up to what ``ClientPrivacy`` accounts, and each further one only adds to it. Whoever drops out takes its noise along.
///
/// - Source: N. Agarwal, P. Kairouz and Z. Liu, *The Skellam Mechanism for Differentially Private Federated Learning*, NeurIPS 2021.
public struct WorkerNoise: Sendable {
  private let noise: Skellam

  public init() throws(FederationError) {
    do { noise = try Skellam(variance: ClientPrivacy.NoiseSource.workerVariance) } catch {
      throw .invalidSetting("privacy", reason: "\(error)")
    }
  }

  /// Beyond this no noise lies: 16 deviations, when the sampler's table ends before 13.
  public static let largest = 16 * Double(ClientPrivacy.NoiseSource.workerVariance).squareRoot()

  /// An update's numbers with noise; each lies within ``ClientGrid/largest`` and ``largest`` of zero.
  public func numbers(of update: Update, isWithin: Bool, on grid: ClientGrid) throws(FederationError) -> [Int] {
    try update.check(count: grid.count, extraCount: 0)
    var numbers = noise.draws(grid.length)
    grid.add(update.vector, isWithin: isWithin, to: &numbers)
    return numbers
  }
}
