import Tensors

/// Where the top bit of a secret number is, as numbers from public tables.
///
/// Source: `docs/PROTOCOLS.md`, section 5.2; Catrina and Saxena, *Secure Computation with Fixed-Point Numbers*, FC 2010, with one
/// table sum (section 3.2) in place of a conversion of each bit.
extension FixedPointArithmetic {
  /// The possible places of the top bit, and what is wanted for each of them.
  struct PlaceTables {
    /// Numbers below 2^(lowest + 1) are treated as if their top bit were the lowest.
    let places: Range<Int>
    let entries: [(_ place: Int) -> UInt64]
  }

  /// The entries at the top bit's place of |x|, and whether x is negative where that was asked for.
  ///
  /// 2 + ⌈log₂ b⌉ rounds to take b bits apart, ⌈log₂ n⌉ for n places, 2 for the tables. Of negative powers of two the place is
  /// one too low: the number is then 1 where others are in [½, 1).
  func entries(
    _ tables: PlaceTables, atTopBitOf x: Share, isSigned: Bool, width: Int?
  ) async throws -> (entries: [Share], sign: Scheme.Bits?) {
    let known = width ?? comparisonWidth
    let bitCount = Swift.max(2, Swift.min(known - (isSigned ? 0 : 1), tables.places.upperBound + (isSigned ? 1 : 0)))
    var bits = try await scheme.decompose(x, width: bitCount)
    let sign = isSigned ? bits.removeLast() : nil
    let lowest = tables.places.lowerBound
    let candidates = bits.indices.filter { $0 > lowest && $0 < tables.places.upperBound }
    func first(_ entry: (Int) -> UInt64) -> Share {
      scheme.constant(RingTensor(repeating: entry(lowest), shape: x.shape))
    }
    guard !candidates.isEmpty else { return (tables.entries.map(first), sign) }
    let magnitudes = candidates.map { place in sign.map { scheme.exclusiveOr(bits[place], $0) } ?? bits[place] }
    let reached = try await anyFromTop(magnitudes)
    let sums = try await scheme.weightedSums(
      reached, tables: tables.entries.map { entry in candidates.map { entry($0) &- entry($0 - 1) } })
    return (zip(sums, tables.entries).map { scheme.add($0, word: $1(lowest)) }, sign)
  }

  /// For each bit, whether it or a higher one is 1: ⌈log₂ n⌉ rounds of gates, Sklansky's prefix.
  private func anyFromTop(_ bits: [Scheme.Bits]) async throws -> [Scheme.Bits] {
    var none = bits.reversed().map { scheme.not($0) }
    var span = 1
    while span < none.count {
      let highs = none.indices.filter { $0 & span != 0 }
      let gates = try await scheme.and(highs.map { (none[$0], none[$0 / span * span - 1]) })
      for (place, gate) in zip(highs, gates) { none[place] = gate }
      span *= 2
    }
    return none.reversed().map { scheme.not($0) }
  }

  /// x · 2^−(k − inner) for x in [2^(k−1), 2^k): [½, 1) with the inner fraction bits, given 2^(highest − k); 3 rounds.
  func normalized(_ items: [(Share, factor: Share)], highest: Int) async throws -> [Share] {
    let surplus = highest - Self.innerBits
    guard surplus <= 0 else {
      return try await multiply(items.map { ($0.0, $0.factor, truncatingBy: surplus) })
    }
    let products = try await scheme.multiply(items.map { Multiplication(.elementwise($0.0.shape), $0.0, $0.factor) })
    return try await scheme.reduce(products).map { scheme.scale($0, by: 1 << UInt64(-surplus)) }
  }
}
