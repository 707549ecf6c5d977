import Tensors

extension FixedPointArithmetic {
  /// 1 / x for 2^(−f/2) ≤ |x| < 2^f, relative error 1e-4 plus 4 units in the last place at f = 16.
  ///
  /// |x| is brought into [1/2, 1) by the power of two that comparisons with all powers of two select, then Goldschmidt's
  /// iteration runs from 2.9142 − 2c. Source: `docs/PROTOCOLS.md`, section 5.2; Catrina and Saxena, *Secure Computation with
  /// Fixed-Point Numbers*, FC 2010.
  public func reciprocal(_ shares: [Share]) async throws -> [Share] {
    try await batched(shares) { x in
      let f = fractionBits
      let sign = try await scheme.negative(x, width: comparisonWidth)
      let magnitude = try await applying(sign, to: x)
      let factor = try await normalizer(of: magnitude)
      let c = try await multiply(magnitude, factor, truncatingBy: f)
      var quotient = add(negate(scheme.scale(c, by: 2)), 2.9142)
      var residue = add(negate(try await multiply(c, quotient, truncatingBy: f)), 1)
      for _ in 0..<3 {
        let step = try await multiply([
          (quotient, add(residue, 1), truncatingBy: f), (residue, residue, truncatingBy: f),
        ])
        quotient = step[0]
        residue = step[1]
      }
      return try await applying(sign, to: try await multiply(quotient, factor, truncatingBy: f))
    }
  }

  /// −x where the bit is 1, x elsewhere.
  private func applying(_ sign: Scheme.Bits, to x: Share) async throws -> Share {
    scheme.subtract(x, scheme.scale(try await scheme.multiply(sign, x), by: 2))
  }

  /// 2^(2f − k) as a ring word, where 2^(k−1) ≤ x < 2^k for the word x.
  private func normalizer(of x: Share) async throws -> Share {
    let lowest = fractionBits / 2
    // A threshold that no value of the declared width reaches would wrap around in the comparison.
    let highest = Swift.max(Swift.min(2 * fractionBits, comparisonWidth - 1), lowest + 2)
    let thresholds = Array(lowest + 1..<highest)
    let differences = thresholds.map { scheme.add(x, word: 0 &- (1 << UInt64($0))) }
    let below = try await scheme.negative(flat(differences), width: comparisonWidth)
    let reached = split(
      try await scheme.convert(scheme.not(below)), like: differences.map { $0.shape })
    var factor = scheme.add(scheme.scale(x, by: 0), word: 1 << UInt64(2 * fractionBits - lowest - 1))
    for (threshold, bit) in zip(thresholds, reached) {
      let half = 1 << UInt64(2 * fractionBits - threshold - 1) as UInt64
      factor = scheme.subtract(factor, scheme.scale(bit, by: half))
    }
    return factor
  }
}
