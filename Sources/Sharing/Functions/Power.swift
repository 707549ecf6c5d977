import Tensors

extension FixedPointArithmetic {
  /// x^n for a public whole number: ⌊log₂ n⌋ + 1 levels of 3 rounds at most, error about n·|x|^(n−1) units in the last place.
  ///
  /// The result and all squares on the way must be below 2^(62 − 2f). For n < 0 the power of 1/x, whose domain is
  /// ``reciprocal(_:width:)``'s.
  public func power(_ shares: [Share], _ exponent: Int, width: Int? = nil) async throws -> [Share] {
    let bases = exponent < 0 ? try await reciprocal(shares, width: width) : shares
    return try await batched(bases) { x in
      var square = x
      var result: Share?
      var rest = exponent.magnitude
      while rest > 0 {
        var factors: [(Share, Share, truncatingBy: Int)] = []
        if rest > 1 { factors.append((square, square, truncatingBy: fractionBits)) }
        if rest & 1 == 1, let result { factors.append((result, square, truncatingBy: fractionBits)) }
        let products = factors.isEmpty ? [] : try await multiply(factors)
        if rest & 1 == 1 { result = result == nil ? square : products.last }
        if rest > 1, let next = products.first { square = next }
        rest >>= 1
      }
      return result ?? scheme.constant(RingTensor(repeating: word(1), shape: x.shape))
    }
  }
}
