import Tensors

extension FixedPointArithmetic {
  /// 1 / (1 + e^−x), any x, error below 2e-5 plus 1 unit in the last place.
  ///
  /// Three comparisons at once give |x| clipped to 16 and the sign; then e^−|x|, one over 1 + e^−|x| by Goldschmidt's
  /// iteration, and 1 − y where x was negative. 10 + 15 + 9 + 2 rounds.
  ///
  /// Source: `docs/PROTOCOLS.md`, section 5.5.
  public func sigmoid(_ shares: [Share], width: Int? = nil) async throws -> [Share] {
    try await batched(shares) { x in
      let operands = [x, add(x, -16), add(negate(x), -16)]
      let signs = try await negative(operands, width: sumWidth(width, plus: 16)).map { scheme.not($0) }
      let rectified = try await masked(Array(zip(signs, operands)))
      // −min(|x|, 16) = x − 2·relu(x) + relu(x − 16) + relu(−x − 16)
      let clipped = scheme.add(
        scheme.add(scheme.subtract(x, scheme.scale(rectified[0], by: 2)), rectified[1]), rectified[2])
      let power = try await truncate(try await exponential(ofClipped: clipped), by: Self.innerBits)
      let upper = try await reciprocal(ofOnePlus: power)
      // σ(x) = y where x ≥ 0 and 1 − y where not: (1 − y) + c·(2y − 1).
      let difference = add(scheme.scale(upper, by: 2), -1)
      return scheme.add(add(negate(upper), 1), try await scheme.multiply(signs[0], difference))
    }
  }

  /// tanh x = 2σ(2x) − 1, error below 4e-5 plus 2 units in the last place.
  public func tanh(_ shares: [Share], width: Int? = nil) async throws -> [Share] {
    let doubled = shares.map { scheme.scale($0, by: 2) }
    return try await sigmoid(doubled, width: width.map { Swift.min(64, $0 + 1) }).map {
      add(scheme.scale($0, by: 2), -1)
    }
  }

  /// 1 / (1 + e) for e in [0, 1] with the inner fraction bits, in the working precision; 9 rounds.
  ///
  /// Goldschmidt's iteration from 1.41 − 15/32·s, relative error 0.061⁴ after two steps. The start needs no truncation: it
  /// keeps five bits more.
  private func reciprocal(ofOnePlus e: Share) async throws -> Share {
    let inner = Self.innerBits
    let sum = add(e, 1, bits: inner)
    let start = add(scheme.scale(sum, by: 0 &- 15), 1.41, bits: inner + 5)
    let residue = add(negate(try await multiply(sum, start, truncatingBy: inner + 5)), 1, bits: inner)
    let step = try await multiply([
      (start, add(residue, 1, bits: inner), truncatingBy: inner + 5), (residue, residue, truncatingBy: inner),
    ])
    let last = try await scheme.multiply([
      Multiplication(.elementwise(sum.shape), step[0], add(step[1], 1, bits: inner))
    ])
    return try await truncate(last[0], by: 2 * inner - fractionBits)
  }
}
