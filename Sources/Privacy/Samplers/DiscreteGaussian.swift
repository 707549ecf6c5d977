/// Whole numbers k with weight exp(−k²/2σ²), drawn exactly.
///
/// Slow and exact in every digit, some microseconds a number; ``GaussianNoise`` is the fast one for many real values.
///
/// - Source: Canonne, Kamath and Steinke, NeurIPS 2020, algorithm 3.
public struct DiscreteGaussian: Hashable, Sendable {
  /// σ², the parameter; the variance of the numbers is a little below it where σ is below 1.
  public let variance: Ratio
  private let proposal: UInt64

  public init(variance: Ratio) {
    self.variance = variance
    var root = UInt64(variance.value.squareRoot())
    while UInt128(root) * UInt128(root) * UInt128(variance.denominator) > UInt128(variance.numerator) { root -= 1 }
    proposal = root + 1
  }

  public func draw(from bits: SecureBits) -> Int {
    let (a, b, t) = (UInt128(variance.numerator), UInt128(variance.denominator), UInt128(proposal))
    guard let scale = try? Ratio(proposal, 1) else { return 0 }
    let laplace = DiscreteLaplace(scale: scale)
    while true {
      let candidate = laplace.draw(from: bits)
      // (|y| − σ²/t)²/2σ² with σ² = a/b is (|y|bt − a)²/2abt².
      let product = UInt128(candidate.magnitude) * b * t
      let distance = product > a ? product - a : a - product
      // Beyond 2^63 the exponent is above 2^20: such a candidate would be rejected but for e^(−2^20).
      guard distance < 1 << 63 else { continue }
      if bits.exponentialCoin(distance * distance, over: 2 * a * b * t * t) { return candidate }
    }
  }

  public func draws(_ count: Int, from bits: SecureBits = SecureBits()) -> [Int] {
    (0..<count).map { _ in draw(from: bits) }
  }
}
