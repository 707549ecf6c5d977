/// The difference of two Poisson numbers of equal mean, drawn from tables of 128-bit probabilities.
///
/// Sums of Skellam numbers are Skellam numbers whose variances add up, so that clients can each add a part of the noise. The
/// table is made in integers; what it gives up is a statistical distance below 2^-85 a number. Drawing searches the table,
/// in a time that depends on its size only, though not its places in memory.
public struct Skellam: Sendable {
  public let variance: Int
  private let first: Int
  /// 2^128 · P(first Poisson number ≤ first + i), rounded down.
  private let bounds: [UInt128]

  /// `variance` is even, in 2...2^24.
  public init(variance: Int) throws(MechanismError) {
    guard variance >= 2, variance <= 1 << 24, variance % 2 == 0 else {
      throw .invalid(what: "the Skellam variance", given: "\(variance)", expected: "an even number in 2...2^24")
    }
    self.variance = variance
    (first, bounds) = Self.table(mean: variance / 2)
  }

  public func draw(from bits: SecureBits) -> Int { poisson(bits) - poisson(bits) }

  public func draws(_ count: Int, from bits: SecureBits = SecureBits()) -> [Int] {
    (0..<count).map { _ in draw(from: bits) }
  }

  private func poisson(_ bits: SecureBits) -> Int {
    let word = bits.wideWord()
    var (low, width) = (0, bounds.count)
    while width > 0 {
      let half = width / 2
      let isBeyond = word >= bounds[low + half]
      low += isBeyond ? half + 1 : 0
      width = isBeyond ? width - half - 1 : half
    }
    return first + low
  }

  /// Weights from the mode outwards by w(k + 1) = w(k)·m/(k + 1) until they vanish in 2^-104 of the largest one.
  private static func table(mean: Int) -> (Int, [UInt128]) {
    let peak: UInt128 = 1 << 96
    var below: [UInt128] = []
    var (weight, k) = (scaled(peak), mean)
    while k > 0, weight > 0 {
      weight = product(weight, UInt128(k), over: UInt128(mean))
      k -= 1
      if weight > 0 { below.append(weight) }
    }
    let first = mean - below.count
    var weights = Array(below.reversed())
    (weight, k) = (scaled(peak), mean)
    while weight > 0 {
      weights.append(weight)
      k += 1
      weight = product(weight, UInt128(mean), over: UInt128(k))
    }
    return (first, cumulative(weights))
  }

  /// The largest weight, which leaves room for factors of 24 bits.
  private static func scaled(_ peak: UInt128) -> UInt128 { peak << 8 }

  private static func product(_ weight: UInt128, _ factor: UInt128, over divisor: UInt128) -> UInt128 {
    weight * factor / divisor
  }

  private static func cumulative(_ weights: [UInt128]) -> [UInt128] {
    let total = weights.reduce(0, +)
    var sum: UInt128 = 0
    return weights.dropLast().map { weight in
      sum += weight
      // sum·2^128/total
      return total.dividingFullWidth((sum, 0)).quotient
    }
  }
}
