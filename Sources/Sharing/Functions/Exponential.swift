import Tensors

extension FixedPointArithmetic {
  /// e^x for x ≤ 9.7; below −16 the result is that of −16.
  ///
  /// e^x = p(x/64)^64, p a polynomial of degree 4 made for −16 ≤ x ≤ 9.7. Error below 7.5e-6 relative plus 3e-7 plus 2 units
  /// in the last place, however truncations round: if all of them erred by a whole unit, and the same way, 0.89 of that would
  /// be reached. The power makes 64 times as much of the error of p, so p and all squares but the last two keep 26 fraction
  /// bits, as many as fit. 34 rounds: 10 for the clip, which an argument known to be above −16 does not need, 6
  /// for p, 18 for the squarings (2 more below 16 and above 20 fraction bits).
  ///
  /// Source: `docs/PROTOCOLS.md`, section 5.1, the polynomial fitted instead of Taylor's.
  public func exponential(_ shares: [Share], width: Int? = nil) async throws -> [Share] {
    try await batched(shares) { x in
      let clipped = try await clipped(x, width: width)
      let bits = Self.innerBits + 2
      let surplus = bits - fractionBits - 6
      let z = surplus >= 0 ? scheme.scale(clipped, by: 1 << UInt64(surplus)) : try await truncate(clipped, by: -surplus)
      let power = try await evaluate([(.exponentialBySixtyFourth, at: z)], argumentBits: bits, resultBits: bits)[0]
      return try await truncate(
        try await squared(power, bits: bits, times: 6), by: 2 * Self.innerBits - fractionBits)
    }
  }

  /// e^x for x in [−16, 0], error below 5e-6: a product with twice the inner fraction bits, 12 rounds and one truncation away.
  ///
  /// e^x = p(x/8)^8 with p of degree 4, fitted for the smallest error of the power.
  func exponential(ofClipped x: Share) async throws -> Scheme.Product {
    let bits = Swift.max(Self.innerBits, fractionBits + 3)
    let z = scheme.scale(x, by: 1 << UInt64(bits - fractionBits - 3))
    let power = try await evaluate([(.exponentialByEighth, at: z)], argumentBits: bits)[0]
    return try await squared(power, bits: Self.innerBits, times: 3)
  }

  /// x^(2^times) for x with the given fraction bits; the last square of one with the inner fraction bits, not yet truncated.
  private func squared(_ x: Share, bits: Int, times: Int) async throws -> Scheme.Product {
    var power = x
    for left in (1..<times).reversed() {
      power = try await multiply(power, power, truncatingBy: left > 1 ? bits : 2 * bits - Self.innerBits)
    }
    return try await scheme.multiply([Multiplication(.elementwise(x.shape), power, power)])[0]
  }

  /// max(x, −16): 10 rounds, or none where the width says so.
  func clipped(_ x: Share, width: Int? = nil) async throws -> Share {
    let bits = width ?? comparisonWidth
    return bits - 1 - fractionBits > 4 ? try await raised(x, width: bits) : x
  }

  /// max(x, −16).
  func raised(_ x: Share, width: Int) async throws -> Share {
    add(try await relu([add(x, 16)], width: sumWidth(width, plus: 16))[0], -16)
  }
}

extension Quartic {
  /// e^z on [−2, 0], so weighted that the eighth power's error is smallest: 4.0e-6.
  static let exponentialByEighth = Quartic(
    [1.0000004953330532, 0.9999954899351441, 0.4994802626251786, 0.16244197870302415], leading: 1, over: 5)
  /// e^z on [−0.25, 0.152], so weighted that the 64th power's error relative to e^64z + 0.03 is smallest: 3.4e-6.
  static let exponentialBySixtyFourth = Quartic(
    [1.0000000033536798, 1.0000024080322691, 0.49998697031547074, 0.16607105728923147], leading: 3, over: 6)
}
