/// Whole numbers k with weight exp(−|k|/scale), drawn exactly.
///
/// - Source: Canonne, Kamath and Steinke, NeurIPS 2020, algorithm 2.
public struct DiscreteLaplace: Hashable, Sendable {
  public let scale: Ratio

  public init(scale: Ratio) { self.scale = scale }

  public func draw(from bits: SecureBits) -> Int {
    let (top, bottom) = (UInt128(scale.numerator), UInt128(scale.denominator))
    while true {
      let offset = bits.uniform(below: top)
      guard bits.exponentialCoin(offset, over: top) else { continue }
      var rounds: UInt128 = 0
      while bits.exponentialCoin(1, over: 1) { rounds += 1 }
      let size = (offset + top * rounds) / bottom
      let isNegative = bits.flip()
      if isNegative && size == 0 { continue }
      // 2^63 lies 2^11 scales out or further: that it is ever drawn has probability e^−2048.
      guard let size = Int(exactly: size) else { continue }
      return isNegative ? -size : size
    }
  }

  public func draws(_ count: Int, from bits: SecureBits = SecureBits()) -> [Int] {
    (0..<count).map { _ in draw(from: bits) }
  }
}
