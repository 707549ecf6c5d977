/// Answers which of many queries exceed a threshold and pays only for those that do.
///
/// The threshold's noise has half of ε, the queries' noise the other half for all answers above together. After that many
/// answers above, it says nothing more.
///
/// - Source: Lyu, Su and Li, "Understanding the sparse vector technique for differential privacy", VLDB 2017, algorithm 1.
public struct SparseVector: ~Copyable {
  public let epsilon: Double
  private let queryNoise: DiscreteLaplace
  private let noisyThreshold: Int
  private let bits: SecureBits
  /// How many answers above are left.
  public private(set) var answersLeft: Int

  /// Queries are whole numbers that differ by at most `sensitivity` between neighbours.
  public init(
    threshold: Int, sensitivity: Int, answers: Int, epsilon: Double, bits: SecureBits = SecureBits()
  ) throws(MechanismError) {
    guard sensitivity >= 1, answers >= 1, sensitivity <= 1 << 20, answers <= 1 << 20 else {
      throw .invalid(
        what: "sensitivity and answers", given: "\(sensitivity) and \(answers)", expected: "in 1...2^20 each")
    }
    let half = try Ratio(atMost: epsilon / 2, what: "ε")
    // Δ/(ε/2) and 2cΔ/(ε/2).
    let scale = try half.inverse(times: UInt64(sensitivity))
    let queryScale = try half.inverse(times: UInt64(2 * answers * sensitivity))
    noisyThreshold = threshold &+ DiscreteLaplace(scale: scale).draw(from: bits)
    queryNoise = DiscreteLaplace(scale: queryScale)
    (self.epsilon, self.bits, answersLeft) = (epsilon, bits, answers)
  }

  /// For all queries together, however many.
  public var event: PrivacyEvent { .pure(epsilon: epsilon) }

  /// Whether the query is above the threshold, about; nil when all answers above are used up.
  public mutating func isAbove(_ query: Int) -> Bool? {
    guard answersLeft > 0 else { return nil }
    let isAbove = query &+ queryNoise.draw(from: bits) >= noisyThreshold
    if isAbove { answersLeft -= 1 }
    return isAbove
  }
}
