import Tensors

extension FixedPointArithmetic {
  /// ln x for 2^−f ≤ x < 2^f, error 2e-6 plus 1 unit in the last place; elsewhere finite and meaningless. At f = 16: 26 rounds and
  /// 563 bytes a scalar (28 rounds below 16 fraction bits).
  ///
  /// x = 2^e · (1 + t): e·ln 2 from a table of the top bit's place, ln(1 + t) by a polynomial of degree 6.
  ///
  /// Source: `docs/PROTOCOLS.md`, section 5.4.
  public func logarithm(_ shares: [Share], width: Int? = nil) async throws -> [Share] {
    try await batched(shares) { x in
      let product = try await logarithm(x, argumentBits: fractionBits, places: 0..<2 * fractionBits, width: width)
      return try await truncate(product, by: 2 * Self.innerBits - fractionBits)
    }
  }

  /// ln x with twice the inner fraction bits, for arguments whose top bit is in one of the given places; all but one truncation.
  func logarithm(
    _ x: Share, argumentBits: Int, places: Range<Int>, width: Int?
  ) async throws -> Scheme.Product {
    let inner = Self.innerBits
    let highest = places.upperBound
    let tables = PlaceTables(
      places: places,
      entries: [
        { 1 << UInt64(highest - $0 - 1) }, { word(Double($0 - argumentBits) * 0.6931471805599453, bits: inner) },
      ])
    let entries = try await entries(tables, atTopBitOf: x, isSigned: false, width: width).entries
    let c = try await normalized([(x, factor: entries[0])], highest: highest)[0]
    let t = add(scheme.scale(c, by: 2), -1, bits: inner)
    let series = try await logarithm(ofOnePlus: t)
    return scheme.add(series, scheme.product(entries[1], by: 1 << UInt64(inner)))
  }

  /// ln(1 + t) on [0, 1], error 1.5e-6: a₁t + a₂t² + a₃t³ + t⁴(a₄ + a₅t + a₆t²), of which the last product is left untruncated; 6
  /// rounds.
  private func logarithm(ofOnePlus t: Share) async throws -> Scheme.Product {
    let inner = Self.innerBits
    let a = [
      0.9999018588582524, -0.4978770626626932, 0.31765695180132775, -0.19377600281820656, 0.08558314869304884,
      -0.01834314166156702,
    ].map { word($0, bits: inner) }
    let square = try await multiply(t, t, truncatingBy: inner)
    let form = Bilinear.elementwise(t.shape)
    let products = try await scheme.multiply([Multiplication(form, t, square), Multiplication(form, square, square)])
    let tail = scheme.add(scheme.product(t, by: a[4]), scheme.product(square, by: a[5]))
    let parts = try await scheme.truncate([
      Truncation(products[0], by: inner), Truncation(products[1], by: inner), Truncation(tail, by: inner),
    ])
    let top = try await scheme.multiply([Multiplication(form, parts[1], scheme.add(parts[2], word: a[3]))])[0]
    let low = scheme.add(
      scheme.add(scheme.product(t, by: a[0]), scheme.product(square, by: a[1])), scheme.product(parts[0], by: a[2]))
    return scheme.add(top, low)
  }
}
