extension FixedPointArithmetic {
  /// xⁿ for a public exponent from 1 on: 3 rounds for each multiplication by squaring, from the exponent's highest bit on;
  /// 3, 6, 6, 9 for n = 2, 3, 4, 5.
  ///
  /// Each multiplication adds one unit in the last place and passes on the relative errors of its factors; every power on
  /// the way must fit into what products may have before truncation.
  public func power(_ shares: [Share], _ exponent: Int) async throws -> [Share] {
    precondition(exponent >= 1, "the exponent \(exponent) is not positive")
    return try await batched(shares) { x in
      var power = x
      for bit in (0..<(Int.bitWidth - 1 - exponent.leadingZeroBitCount)).reversed() {
        power = try await multiply(power, power, truncatingBy: fractionBits)
        if exponent >> bit & 1 == 1 { power = try await multiply(power, x, truncatingBy: fractionBits) }
      }
      return power
    }
  }
}
