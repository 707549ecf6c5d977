/// Some members of a cohort, by their places: a bit each, the lowest bit of the first byte first.
package struct MemberSet: Hashable, Sendable {
  package private(set) var bytes: [UInt8]
  /// Size of the cohort.
  let cohortCount: Int

  package init(_ members: some Sequence<Int> = [], of count: Int) {
    cohortCount = count
    bytes = Array(repeating: 0, count: (count + 7) / 8)
    for member in members { insert(member) }
  }

  /// Nil unless there is a byte for every eight members, and no bit beyond the last.
  package init?(bytes: [UInt8], count: Int) {
    guard bytes.count == (count + 7) / 8 else { return nil }
    if count % 8 != 0, let last = bytes.last, last >> UInt8(count % 8) != 0 { return nil }
    self.bytes = bytes
    cohortCount = count
  }

  package func contains(_ member: Int) -> Bool { bytes[member / 8] >> UInt8(member % 8) & 1 == 1 }

  package mutating func insert(_ member: Int) { bytes[member / 8] |= 1 << UInt8(member % 8) }

  package mutating func remove(_ member: Int) { bytes[member / 8] &= ~(1 << UInt8(member % 8)) }

  package var count: Int { bytes.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// Ascending.
  package var members: [Int] { (0..<cohortCount).filter(contains) }

  package func isSubset(of other: MemberSet) -> Bool { zip(bytes, other.bytes).allSatisfy { $0 & ~$1 == 0 } }
}
