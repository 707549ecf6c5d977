/// A fast generator for public randomness: xoshiro256**, the same on every platform. Never for secrets.
///
/// - Source: D. Blackman and S. Vigna, *Scrambled Linear Pseudorandom Number Generators*, 2021.
public struct PublicGenerator: RandomNumberGenerator, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)
  /// The second number of the last pair of ``normal()``.
  private var spareNormal: Double?

  /// A generator in a given state, which must not be all zero.
  package init(state: (UInt64, UInt64, UInt64, UInt64)) {
    precondition(state != (0, 0, 0, 0), "xoshiro256** stays at zero")
    self.state = state
  }

  public mutating func next() -> UInt64 {
    let result = Self.rotate(state.1 &* 5, by: 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = Self.rotate(state.3, by: 45)
    return result
  }

  /// Uniform in [0, 1), a multiple of 2⁻⁵³.
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// Standard normal, by Marsaglia's polar method.
  public mutating func normal() -> Double {
    if let spare = spareNormal {
      spareNormal = nil
      return spare
    }
    while true {
      let x = 2 * uniform() - 1
      let y = 2 * uniform() - 1
      let square = x * x + y * y
      guard square < 1, square > 0 else { continue }
      let factor = (-2 * portableLogarithm(square) / square).squareRoot()
      spareNormal = y * factor
      return x * factor
    }
  }

  /// The numbers `0..<count` in random order (Fisher–Yates).
  public mutating func shuffled(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, Int(next(below: UInt64(last) + 1)))
    }
    return order
  }

  /// Uniform in `0..<bound`, without bias (D. Lemire, 2019). Our own, since the standard library may change its way.
  private mutating func next(below bound: UInt64) -> UInt64 {
    let refused = (0 &- bound) % bound
    while true {
      let product = next().multipliedFullWidth(by: bound)
      if product.low >= refused { return product.high }
    }
  }

  private static func rotate(_ word: UInt64, by count: UInt64) -> UInt64 {
    word << count | word >> (64 - count)
  }
}
