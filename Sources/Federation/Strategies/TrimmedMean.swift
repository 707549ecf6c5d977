/// Each coordinate is the mean of its values without the largest and the smallest ones.
///
/// - Source: D. Yin et al., *Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates*, ICML 2018,
///   definition 2; `⌊trim · n⌋` values are left out at either end.
public struct TrimmedMean: ComparingStrategy {
  private let trim: Double

  public init(trim: Double) {
    self.trim = trim
  }

  public func choose(among updates: [Update]) throws(FederationError) -> [Float] {
    // A hair above, so that a tenth of ten is one whatever a tenth is rounded to.
    let cut = Int(trim * Double(updates.count) + 1e-9)
    guard updates.count > 2 * cut else {
      throw .tooFewUpdates(given: updates.count, needed: 2 * cut + 1, strategy: "trimmedMean")
    }
    return SortedColumns(updates.map(\.vector)).mean(cut..<(updates.count - cut))
  }
}

/// Each coordinate is the median of its values; of an even number, the mean of the two in the middle.
///
/// - Source: D. Yin et al., *Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates*, ICML 2018,
///   definition 1.
public struct CoordinateMedian: ComparingStrategy {
  public init() {}

  public func choose(among updates: [Update]) throws(FederationError) -> [Float] {
    guard !updates.isEmpty else { throw .tooFewUpdates(given: 0, needed: 1, strategy: "median") }
    let middle = updates.count / 2
    return SortedColumns(updates.map(\.vector)).mean(
      updates.count % 2 == 1 ? middle..<middle + 1 : middle - 1..<middle + 1)
  }
}
