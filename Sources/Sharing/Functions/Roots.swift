import Tensors

/// Square roots.
///
/// With x in [2^(k−1), 2^k) as a word and c = x / 2^k, √x and 1/√x are those of c times a power of √2 that a table of the top bit's
/// place yields. w = 1/√(c/2) is a polynomial of degree 4 (relative error 7.5e-5) and one step of Newton's iteration, 9e-9.
///
/// Source: `docs/PROTOCOLS.md`, section 5.4; Lu et al., *Faster Secure Multiparty Computation of Adaptive Gradient Descent*,
/// PPMLP 2020, the polynomial fitted to two products.
extension FixedPointArithmetic {
  /// 1 / √x for 2^−f ≤ x < 2^f, relative error 4e-7 plus 3 units in the last place; elsewhere finite and meaningless. At f = 16:
  /// 32 rounds and 602 bytes a scalar.
  public func inverseSquareRoot(_ shares: [Share], width: Int? = nil) async throws -> [Share] {
    try await batched(shares) { x in
      let (c, scale) = try await normalized(x, width: width) { powerOfRootTwo(-$0) }
      let w = try await evaluate([(.inverseSquareRoot, at: c)])[0]
      let inner = Self.innerBits
      let step = try await multiply([(c, w, truncatingBy: inner), (w, scale, truncatingBy: inner)])
      return try await newton(w, step[0], resultBefore: step[1])
    }
  }

  /// √x for 0 ≤ x < 2^f, relative error 4e-7 plus 2 units in the last place; elsewhere finite and meaningless. At f = 16: 32 rounds
  /// and 605 bytes a scalar.
  public func squareRoot(_ shares: [Share], width: Int? = nil) async throws -> [Share] {
    try await batched(shares) { x in
      let (c, scale) = try await normalized(x, width: width) { powerOfRootTwo($0) }
      let w = try await evaluate([(.inverseSquareRoot, at: c)])[0]
      let inner = Self.innerBits
      let cw = try await multiply(c, w, truncatingBy: inner)
      // √(c/2) = (c/2)·w.
      let step = try await multiply([(cw, w, truncatingBy: inner + 2), (cw, scale, truncatingBy: inner + 1)])
      return try await corrected(step[1], step[0])
    }
  }

  /// c in [½, 1) with the inner fraction bits, and the scale of x / 2c as a number with the inner fraction bits.
  private func normalized(
    _ x: Share, width: Int?, scale: @escaping (_ exponent: Int) -> Double
  ) async throws -> (c: Share, scale: Share) {
    let highest = 2 * fractionBits
    // x = c/2 · 2^(k − f + 1), the top bit's place being k − 1.
    let tables = PlaceTables(
      places: 0..<highest,
      entries: [
        { 1 << UInt64(highest - $0 - 1) }, { word(scale($0 - fractionBits + 2), bits: Self.innerBits) },
      ])
    let entries = try await entries(tables, atTopBitOf: x, isSigned: false, width: width).entries
    return (try await normalized([(x, factor: entries[0])], highest: highest)[0], entries[1])
  }

  /// The result of one step of Newton's iteration, given w, c·w and the result without it.
  private func newton(_ w: Share, _ cw: Share, resultBefore result: Share) async throws -> Share {
    try await corrected(result, try await multiply(cw, w, truncatingBy: Self.innerBits + 2))
  }

  /// result · (3 − u·w²)/2 in the working precision, given u·w²/2 = c·w²/4.
  private func corrected(_ result: Share, _ quarter: Share) async throws -> Share {
    let correction = add(negate(quarter), 1.5, bits: Self.innerBits)
    let product = try await scheme.multiply([Multiplication(.elementwise(result.shape), result, correction)])
    return try await truncate(product[0], by: 2 * Self.innerBits - fractionBits)
  }
}

/// √2^n, the same double everywhere.
private func powerOfRootTwo(_ n: Int) -> Double {
  Double(sign: .plus, exponent: n >> 1, significand: n & 1 == 0 ? 1 : 2.0.squareRoot())
}

extension Quartic {
  /// (c/2)^−½ on [½, 1], relative error 7.5e-5.
  static let inverseSquareRoot = Quartic(
    [4.143722168067967, -7.743109772179195, 9.620271872101506, -6.231568443904649], leading: 13, over: 3)
}
