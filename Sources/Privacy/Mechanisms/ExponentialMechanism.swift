/// Chooses one of several candidates, a good one with a high probability, by permute-and-flip.
///
/// Candidates are looked at in random order, and one whose score is s below the best is taken with probability
/// e^(−εs/2Δ): never worse than the exponential mechanism and exact, as no weight is ever rounded.
///
/// - Source: McKenna and Sheldon, "Permute-and-flip: a new mechanism for differentially private selection", NeurIPS 2020;
///   on rounded weights Ilvento, "Implementing the exponential mechanism with base-2 differential privacy", CCS 2020.
public struct ExponentialMechanism: Hashable, Sendable {
  public let epsilon: Ratio
  /// How far a candidate's score may differ between neighbours.
  public let sensitivity: Int

  public init(epsilon: Ratio, sensitivity: Int) throws(MechanismError) {
    guard sensitivity >= 1, sensitivity <= 1 << 32 else {
      throw .invalid(what: "the score's sensitivity", given: "\(sensitivity)", expected: "in 1...2^32")
    }
    (self.epsilon, self.sensitivity) = (epsilon, sensitivity)
  }

  public var event: PrivacyEvent { .pure(epsilon: epsilon.value) }

  /// The index of a candidate; nil where there is none.
  public func choice(scores: [Int], bits: SecureBits = SecureBits()) -> Int? {
    guard let best = scores.max() else { return nil }
    var order = Array(scores.indices)
    for place in order.indices {
      order.swapAt(place, place + Int(bits.uniform(below: UInt128(order.count - place))))
      let loss = UInt128(UInt64(bitPattern: Int64(best &- scores[order[place]])))
      let exponent = loss * UInt128(epsilon.numerator)
      if bits.exponentialCoin(exponent, over: 2 * UInt128(sensitivity) * UInt128(epsilon.denominator)) {
        return order[place]
      }
    }
    return order.last
  }
}
