import Foundation
public import Privacy

/// How a federated training bounds what any one worker may do to a round, and hides the rest: `unit: client`.
///
/// A worker's update is clipped to a norm C, the updates of a round are added, noise of ``noiseMultiplier`` times what one
/// worker moves the sum by is added, and the sum is divided by ``normaliser``, which is public: the expected cohort, never
/// the real one, and all workers count alike, never by their rows. What was drawn and what is accounted is one object.
///
/// - Source: H. B. McMahan et al., *Learning Differentially Private Recurrent Language Models*, ICLR 2018; R. Geyer, T. Klein and
///   M. Nabi, *Differentially Private Federated Learning: A Client Level Perspective*, 2017. docs/PRIVACY-FEDERATION.md.
public struct ClientPrivacy: Hashable, Sendable {
  public let part: PrivacyPart
  /// Over what one worker moves all sums of a round by, the count of those below the clipping norm among them.
  public let noiseMultiplier: Double
  /// Of workers; every one is drawn where noise is the workers' own, since nothing is claimed for their sampling there.
  public let sampler: PoissonSampler
  public let rounds: Int
  public let source: NoiseSource
  /// How many values an update has.
  public let weightCount: Int
  /// By what a round's sum is divided.
  public let normaliser: Double

  /// Who adds noise.
  public enum NoiseSource: Hashable, Sendable {
    /// The server, which sees the updates.
    case server
    /// Each worker a part of it, so that any so many parts together are enough.
    case workers(contributors: Int)

    /// The variance of a worker's own noise, in steps of the grid.
    public static let workerVariance = 1 << 24
    /// The deviation of the server's, likewise.
    static let serverDeviation = 0x1p20
  }

  /// - Parameters:
  ///   - cohort: the probability of each worker to be asked in a round.
  ///   - weightCount: how many values an update has.
  /// - Throws: `AccountingError` where ε cannot be bounded or reached, ``LearningError`` where a setting is out of range.
  public init(
    _ part: PrivacyPart, workers: Int, cohort rate: Double, rounds: Int, source: NoiseSource = .server, weightCount: Int
  ) throws {
    self.part = part
    (self.rounds, self.source, self.weightCount) = (rounds, source, weightCount)
    let sampler = try PoissonSampler(rows: workers, rate: source == .server ? rate : 1)
    self.sampler = sampler
    normaliser = rate * Double(workers)
    noiseMultiplier = try part.multiplier { multiplier in
      .repeated(
        Self.release(multiplier, part.clipping, sampler, source, weightCount, without: 0), count: rounds)
    }
    try ExamplePrivacy(clipping: part.clipping, noiseMultiplier: noiseMultiplier).validate()
    guard countDeviation.map({ 2 * $0 > noiseMultiplier }) ?? true else {
      throw LearningError.invalidSetting(
        "privacy.clip.adaptive.countDeviation",
        reason: "must be above \(noiseMultiplier / 2), half the noise multiplier; write a larger one or none")
    }
  }

  /// What one round releases to those who do not learn who was asked.
  public var event: PrivacyEvent {
    Self.release(noiseMultiplier, part.clipping, sampler, source, weightCount, without: 0)
  }

  /// What one round releases to a worker: it may know who was asked, and, where noise is the workers' own, its own part of it.
  public var eventForWorkers: PrivacyEvent {
    switch source {
    case .server: .gaussian(noiseMultiplier: noiseMultiplier)
    case .workers: Self.release(noiseMultiplier, part.clipping, sampler, source, weightCount, without: 1)
    }
  }

  private static func release(
    _ multiplier: Double, _ clipping: ExamplePrivacy.Clipping, _ sampler: PoissonSampler, _ source: NoiseSource,
    _ weightCount: Int, without: Int
  ) -> PrivacyEvent {
    switch source {
    case .server: return sampler.event(of: .gaussian(noiseMultiplier: multiplier))
    case .workers(let contributors):
      let enough = Double(contributors * NoiseSource.workerVariance)
      let left = Double((contributors - without) * NoiseSource.workerVariance)
      guard left > 0 else { return .unbounded(reason: "the noise of a single worker hides nothing from itself") }
      let distance = enough.squareRoot() / multiplier
      // Of whole numbers, none is larger than its square.
      let absolute = min(Double(weightCount + 1).squareRoot() * distance, distance * distance)
      return .skellam(variance: left, l1: absolute, l2: distance)
    }
  }

  /// ε after so many rounds of an event.
  public func epsilon(of event: PrivacyEvent, rounds: Int) throws(AccountingError) -> Double {
    try part.epsilon(of: .repeated(event, count: rounds))
  }

  /// The deviation of a round's noise, in steps of the grid, where no more drop out than may.
  public var deviation: Double {
    switch source {
    case .server: NoiseSource.serverDeviation
    case .workers(let contributors): Double(contributors * NoiseSource.workerVariance).squareRoot()
    }
  }

  /// The deviation of the noise on the count of updates below the clipping norm, where that norm moves.
  ///
  /// A twentieth of the cohort as in the paper, and never so little that the updates' own noise had to grow by more than 3 %.
  public var countDeviation: Double? {
    guard case .adaptive(let adaptive) = part.clipping else { return nil }
    return adaptive.countDeviation ?? max(normaliser / 20, 2 * noiseMultiplier)
  }

  /// The norm of the next round, where a noised share of this round's updates was below `norm`.
  public func clip(after norm: Double, share: Double) -> Double {
    guard case .adaptive(let adaptive) = part.clipping else { return norm }
    let bounded = min(max(share, 0), 1)
    return min(max(norm * exp(-adaptive.rate * (bounded - adaptive.quantile)), 1e-9), 1e9)
  }
}
