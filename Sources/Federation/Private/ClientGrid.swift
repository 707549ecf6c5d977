import Foundation
public import Learning

/// The whole numbers that clipped updates become before they are added, and on which noise is drawn: sums are exact, so that
/// one worker more or less moves them by its own numbers and by nothing else.
///
/// With noise of a deviation of σ steps and a noise multiplier z, a worker may move the sums by Λ = σ / z in Euclidean length. Where
/// the clipping norm adapts, one number more counts whether an update was below it, as plus or minus `countUnit` =
/// ⌊σ / 2σ_b⌋; what is left is the update's: Λ' = √(Λ² − countUnit²). Rounding d values to the nearest step moves them by at most
/// √d / 2, so that a step is `C · (1 + 2⁻²⁰) / (Λ' − √d / 2)`; 2⁻²⁰ is for the clipping's own rounding in single precision.
///
/// - Source: G. Andrew et al., *Differentially Private Learning with Adaptive Clipping*, NeurIPS 2021, for the count; the bound
///   on rounded vectors is that of P. Kairouz, Z. Liu and T. Steinke, *The Distributed Discrete Gaussian Mechanism for
///   Federated Learning with Secure Aggregation*, ICML 2021, without its randomised rounding.
public struct ClientGrid: Hashable, Sendable {
  /// How many values an update has.
  public let count: Int
  /// C.
  public let clip: Double
  /// The length of a step.
  public let step: Double
  /// What the last number says of an update below the clipping norm; 0 where there is no such number.
  public let countUnit: Int
  private let normaliser: Double

  private static let slack = 0x1p-20

  /// - Throws: where so much noise on so many values would need a finer grid.
  public init(_ privacy: ClientPrivacy, clip: Double) throws(FederationError) {
    let distance = privacy.deviation / privacy.noiseMultiplier
    countUnit = privacy.countDeviation.map { Int(privacy.deviation / (2 * $0)) } ?? 0
    let rest = distance * distance - Double(countUnit) * Double(countUnit)
    let rounding = Double(privacy.weightCount).squareRoot() / 2
    guard rest > 16 * rounding * rounding else {
      throw .invalidSetting(
        "privacy.noiseMultiplier",
        reason: "of \(privacy.noiseMultiplier) is too large for \(privacy.weightCount) weights; lower it, or train a "
          + "smaller model")
    }
    count = privacy.weightCount
    self.clip = clip
    step = clip * (1 + Self.slack) / (rest.squareRoot() - rounding)
    normaliser = privacy.normaliser
  }

  /// How many numbers a worker gives.
  public var length: Int { count + (countUnit > 0 ? 1 : 0) }

  /// What one step of a sum is in the mean.
  public var meanStep: Double { step / normaliser }

  /// No number of a worker is larger, before noise.
  public var largest: Double { max(clip * (1 + Self.slack) / step + 1, Double(countUnit)) }

  /// Adds an update's numbers, clipped once more: whoever sent it may not have.
  public func add(_ vector: [Float], isWithin: Bool, to sums: inout [Int]) {
    precondition(vector.count == count && sums.count == length, "\(vector.count) values and \(sums.count) sums")
    let norm = vector.norm
    let factor = (norm > clip ? clip / norm : 1) / step
    vector.withUnsafeBufferPointer { vector in
      sums.withUnsafeMutableBufferPointer { sums in
        for index in vector.indices { sums[index] &+= Int((Double(vector[index]) * factor).rounded()) }
      }
    }
    if countUnit > 0 { sums[count] += isWithin ? countUnit : -countUnit }
  }

  /// The noised mean of the updates, and the noised share of those below the clipping norm, if it is counted.
  public func mean(_ noised: [Int]) -> (vector: [Float], share: Double?) {
    let factor = meanStep
    let vector = noised[..<count].map { Float(Double($0) * factor) }
    guard countUnit > 0 else { return (vector, nil) }
    return (vector, Double(noised[count]) / Double(2 * countUnit) / normaliser + 0.5)
  }
}

extension Update {
  /// The update as a worker sends it under ``ClientPrivacy``: clipped, without what would tell of its rows; and whether it was
  /// below the norm before.
  public func clippedAlone(to clip: Double) -> (update: Update, isWithin: Bool) {
    let isWithin = norm <= clip
    var alone = clipped(to: clip)
    (alone.exampleCount, alone.loss) = (1, 0)
    return (alone, isWithin)
  }
}
