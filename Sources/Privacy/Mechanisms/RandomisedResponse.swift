/// One of `count` answers, the true one more often than any other by a factor e^ε: local differential privacy.
///
/// Drawn exactly: an answer is proposed uniformly and, if it is not the true one, kept with probability e^−ε.
///
/// - Source: Warner, JASA 1965; Kairouz, Bonawitz and Ramage, ICML 2016 (k answers).
public struct RandomisedResponse: Hashable, Sendable {
  public let count: Int
  public let epsilon: Ratio

  public init(count: Int, epsilon: Ratio) throws(MechanismError) {
    guard count >= 2 else { throw .invalid(what: "the number of answers", given: "\(count)", expected: "at least 2") }
    (self.count, self.epsilon) = (count, epsilon)
  }

  public var event: PrivacyEvent { .pure(epsilon: epsilon.value) }

  /// `truth` in 0..<count.
  public func answer(_ truth: Int, bits: SecureBits = SecureBits()) -> Int {
    while true {
      let proposal = Int(bits.uniform(below: UInt128(count)))
      let isKept = bits.exponentialCoin(UInt128(epsilon.numerator), over: UInt128(epsilon.denominator))
      if proposal == truth || isKept { return proposal }
    }
  }
}
