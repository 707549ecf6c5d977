import Arithmetic

/// Rows to learn from and rows to judge by: disjoint, ascending, together all.
public struct RowSplit: Hashable, Sendable {
  public let train: [Int]
  public let test: [Int]

  /// Holds out the share `test` of the rows, to the nearest row; each stratum gives its share, to within one row.
  ///
  /// `strata` names each row's stratum; all zeros means no stratification.
  public static func heldOut(strata: [Int], test: Double, seed: UInt64) throws(DatasetError) -> RowSplit {
    guard test > 0, test < 1 else { throw .impossibleSplit("The share of test rows must lie between 0 and 1") }
    let testCount = Int((Double(strata.count) * test).rounded())
    guard testCount > 0, testCount < strata.count else {
      throw .impossibleSplit(
        "A share of \(test) of \(strata.count) rows leaves no row to learn from or none to judge by; "
          + "choose another share")
    }
    let members = shuffledMembers(strata, seed: seed, label: "split")
    let counts = apportion(testCount, to: members.map(\.count))
    var isTest = [Bool](repeating: false, count: strata.count)
    for (members, count) in zip(members, counts) {
      for row in members.prefix(count) { isTest[row] = true }
    }
    return RowSplit(isTest)
  }

  /// The splits of cross-validation: each repeat deals every row into exactly one of `count` test parts, whose sizes
  /// differ by one row at most, as do the parts' shares of each stratum.
  public static func folds(
    _ count: Int, repeats: Int = 1, strata: [Int], seed: UInt64
  ) throws(DatasetError) -> [RowSplit] {
    guard count >= 2, count <= strata.count, repeats >= 1 else {
      throw .impossibleSplit(
        "\(strata.count) rows cannot be dealt \(repeats) times into \(count) folds; choose 2 or more")
    }
    return (0..<repeats).flatMap { turn in
      let dealt = shuffledMembers(strata, seed: seed, label: "fold \(turn)").flatMap { $0 }
      var fold = [Int](repeating: 0, count: strata.count)
      for (position, row) in dealt.enumerated() { fold[row] = position % count }
      return (0..<count).map { part in RowSplit(fold.map { $0 == part }) }
    }
  }

  private init(_ isTest: [Bool]) {
    train = isTest.indices.filter { !isTest[$0] }
    test = isTest.indices.filter { isTest[$0] }
  }

  /// The rows of each stratum, strata ascending, each shuffled.
  private static func shuffledMembers(_ strata: [Int], seed: UInt64, label: String) -> [[Int]] {
    let members = Dictionary(grouping: strata.indices) { strata[$0] }.sorted { $0.key < $1.key }
    var generator = SeedTree(seed: seed).child(label).generator()
    return members.map { _, rows in generator.shuffled(rows.count).map { rows[$0] } }
  }

  /// Divides `total` among parts in proportion to their sizes, by largest remainder.
  private static func apportion(_ total: Int, to sizes: [Int]) -> [Int] {
    let sum = sizes.reduce(0, +)
    var counts = sizes.map { $0 * total / sum }
    let byRemainder = sizes.indices.sorted { (sizes[$0] * total % sum, $1) > (sizes[$1] * total % sum, $0) }
    for index in byRemainder.prefix(total - counts.reduce(0, +)) { counts[index] += 1 }
    return counts
  }
}
