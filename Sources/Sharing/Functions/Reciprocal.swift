import Tensors

extension FixedPointArithmetic {
  /// 1 / x for 2^(−f/2) ≤ |x| < 2^f, relative error 4e-7 plus 2 units in the last place; elsewhere finite and meaningless.
  ///
  /// |x| is brought into [½, 1] by a power of two that depends on its top bit, where a polynomial of degree 4 and one step of
  /// Newton's iteration invert it. At f = 16: 31 rounds and 517 bytes a scalar.
  ///
  /// Source: `docs/PROTOCOLS.md`, section 5.2.
  public func reciprocal(_ shares: [Share], width: Int? = nil) async throws -> [Share] {
    try await batched(shares) { x in
      let factor = try await normalizer(of: x, width: width)
      let c = try await normalized([(x, factor: factor)], highest: 2 * fractionBits)[0]
      // The factor may be as small as 1: its product keeps what fits.
      let kept = Swift.min(8, 37 - 3 * fractionBits / 2)
      return try await quotient(of: factor, by: c, keeping: kept, truncatingBy: Self.innerBits)
    }
  }

  /// a / b for 2^(−f/2) ≤ |b| < 2^f and |a / b| < 2^(34 − f) (2^14 from f = 20 on), relative error 8e-7 plus 4
  /// units in the last place.
  ///
  /// The rounds of ``reciprocal(_:width:)`` and 3 more.
  ///
  /// - Parameter width: of the divisors.
  public func divide(_ items: [(Share, by: Share)], width: Int? = nil) async throws -> [Share] {
    let dividends = flat(items.map { $0.0 })
    let divisors = flat(items.map { $0.by })
    let factor = try await normalizer(of: divisors, width: width)
    let c = try await normalized([(divisors, factor: factor)], highest: 2 * fractionBits)[0]
    let kept = Self.quotientBits(fractionBits)
    let part = try await multiply(dividends, factor, truncatingBy: 2 * fractionBits - kept)
    let joined = try await quotient(of: part, by: c, keeping: 0, truncatingBy: kept + Self.innerBits - fractionBits)
    return split(joined, like: items.map { $0.0.shape })
  }

  /// Fraction bits of a quotient before the last step: |a / b| must be below 2^(38 − they).
  static func quotientBits(_ fractionBits: Int) -> Int { Swift.min(innerBits, fractionBits + 4) }

  /// ±2^(2f − k) as a ring word, with the sign of x, where 2^(k−1) ≤ |x| < 2^k for the word x.
  private func normalizer(of x: Share, width: Int?) async throws -> Share {
    let highest = 2 * fractionBits
    let tables = PlaceTables(
      places: fractionBits / 2..<highest, entries: [{ 1 << UInt64(highest - $0 - 1) }])
    let (entries, sign) = try await entries(tables, atTopBitOf: x, isSigned: true, width: width)
    guard let sign else { return entries[0] }
    return scheme.subtract(entries[0], scheme.scale(try await scheme.multiply(sign, entries[0]), by: 2))
  }

  /// a / c / 2^bits for c in [½, 1] with the inner fraction bits, `kept` bits more in between; 12 rounds.
  ///
  /// w = p(c), then a·w·(1 + e) with e = 1 − c·w: relative error (3.2e-4)².
  private func quotient(of a: Share, by c: Share, keeping kept: Int, truncatingBy bits: Int) async throws -> Share {
    let inner = Self.innerBits
    let w = try await evaluate([(.reciprocal, at: c)])[0]
    let step = try await multiply([(c, w, truncatingBy: inner), (a, w, truncatingBy: inner - kept)])
    let correction = add(negate(step[0]), 2, bits: inner)
    let product = try await scheme.multiply([Multiplication(.elementwise(c.shape), step[1], correction)])
    return try await truncate(product[0], by: bits + kept)
  }
}

extension Quartic {
  /// 1 / c on [½, 1], relative error 3.2e-4.
  static let reciprocal = Quartic(
    [7.040587158524523, -19.51963862070861, 26.644668950762675, -17.915535932891093], leading: 19, over: 2)
}
