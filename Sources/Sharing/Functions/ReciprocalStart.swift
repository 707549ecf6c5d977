/// A polynomial close to 1 / s for s in [1, n], in the stretched argument t = δ·s, and the steps it needs.
///
/// With y₀ = 1 + δ and δ = 2 / (n − 1), t runs through [δ, 2 + δ] and y₀ − t through [−1, 1]: the polynomial
/// (1 − T₅(y₀ − t) / T₅(y₀)) / t of degree 4, T₅ being Chebyshev's, has the smallest possible relative error 1 / T₅(y₀). δ and the
/// leading coefficient L are rounded to small fractions, which are free factors of truncated products.
struct ReciprocalStart: Hashable, Sendable {
  /// δ = stretchNumerator / 2^stretchShift.
  private(set) var stretchNumerator = 1
  private(set) var stretchShift = 0
  /// L = leadNumerator / 2^leadShift.
  private(set) var leadNumerator = 1
  private(set) var leadShift = 0
  /// 1 / (δL·s) in t = δ·s.
  private(set) var polynomial = Quartic([0, 0, 0, 0], leading: 1)
  /// Squarings of the error until its cube counts no more.
  private(set) var steps = 0

  /// δ·L has this many bits behind the point, so that a product with 24 bits and one with these leave 24 after 32 bits are cut.
  private static let fractionBits = 12

  /// Fraction bits of a dividend whose product with a number of 24 bits and with δL is brought back to 24 by 32 bits.
  var dividendBits: Int { 32 - Self.fractionBits }

  /// Beyond them δ would need more bits than one truncation takes.
  static let mostClasses = 512

  /// - Parameter classes: 2...``mostClasses``.
  init(classes: Int) {
    var smallestError = Double.infinity
    for shift in 0...8 {
      for numerator in 1...15 {
        let delta = Double(numerator) / Double(1 << shift)
        guard delta * Double(classes - 1) <= 2 else { continue }
        let y = 1 + delta
        let chebyshev = ((16 * y * y - 20) * y * y + 5) * y
        let scale = Double(1 << (Self.fractionBits - shift))
        let lead = (16 / chebyshev * scale).rounded()
        guard lead >= 1 else { continue }
        let ratio = lead / scale * chebyshev / 16
        let error = abs(ratio - 1) + ratio / chebyshev
        guard error < smallestError else { continue }
        smallestError = error
        (stretchNumerator, stretchShift) = (numerator, shift)
        (leadNumerator, leadShift) = (Int(lead), Self.fractionBits - shift)
        polynomial = Quartic(
          [
            (80 * y * y * y * y - 60 * y * y + 5) / 16, -(160 * y * y * y - 60 * y) / 16, (160 * y * y - 20) / 16,
            -5 * y,
          ], leading: 1)
      }
    }
    var remaining = smallestError * smallestError * smallestError
    while remaining > 1e-6 {
      remaining *= remaining
      steps += 1
    }
  }
}
