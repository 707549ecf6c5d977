import Tensors

extension FixedPointArithmetic {
  /// 1 / (1 + e^−x), any x, error below 8e-5 at 16 fraction bits.
  ///
  /// Three comparisons at once give |x| clipped to 16 and the sign; then e^−|x|, one over 1 + e^−|x| by Goldschmidt's
  /// iteration, and 1 − y where x was negative. 10 + 18 + 11 + 2 rounds.
  ///
  /// Source: `docs/PROTOCOLS.md`, section 5.5.
  public func sigmoid(_ shares: [Share]) async throws -> [Share] {
    try await batched(shares) { x in
      let count = x.shape.count
      let operands = scheme.concatenate([x, add(x, -16), add(negate(x), -16)], axis: 0)
      let positive = scheme.not(try await scheme.negative(operands, width: clipWidth))
      let rectified = try await scheme.multiply(positive, operands)
      let parts = split(rectified, like: [[count], [count], [count]])
      // −min(|x|, 16) = x − 2·relu(x) + relu(x − 16) + relu(−x − 16)
      let clipped = scheme.add(
        scheme.add(scheme.subtract(x, scheme.scale(parts[0], by: 2)), parts[1]), parts[2])
      let power = try await exponential(ofClipped: clipped, squarings: 4)
      let upper = try await reciprocal(ofOnePlus: power)
      // σ(x) = y where x ≥ 0 and 1 − y where not: (1 − y) + c·(2y − 1).
      let difference = add(scheme.scale(upper, by: 2), -1)
      let chosen = try await scheme.multiply(scheme.slice(positive, 0..<count), difference)
      return scheme.add(add(negate(upper), 1), chosen)
    }
  }

  /// tanh x = 2σ(2x) − 1.
  public func tanh(_ shares: [Share]) async throws -> [Share] {
    let doubled = shares.map { scheme.scale($0, by: 2) }
    return try await sigmoid(doubled).map { add(scheme.scale($0, by: 2), -1) }
  }

  /// 1 / (1 + e) for e in [0, 1] with the inner fraction bits, in the working precision; 11 rounds.
  ///
  /// Goldschmidt's iteration from the best linear start, relative error 0.059² ² after two steps.
  private func reciprocal(ofOnePlus e: Share) async throws -> Share {
    let inner = Self.innerBits
    let sum = add(e, 1, bits: inner)
    let slope = scheme.product(sum, by: word(-0.47058827, bits: inner))
    let start = add(try await truncate(slope, by: inner), 1.4117648, bits: inner)
    let residue = add(negate(try await multiply(sum, start, truncatingBy: inner)), 1, bits: inner)
    let step = try await multiply([
      (start, add(residue, 1, bits: inner), truncatingBy: inner), (residue, residue, truncatingBy: inner),
    ])
    let last = try await scheme.multiply([
      Multiplication(.elementwise(sum.shape), step[0], add(step[1], 1, bits: inner))
    ])
    return try await truncate(last[0], by: 2 * inner - fractionBits)
  }
}
