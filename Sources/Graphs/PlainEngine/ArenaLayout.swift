/// Where intermediate values lie in one block of memory; a value's place is used again once it has been read last.
struct ArenaLayout {
  /// Offset by value, in scalars; -1 for values that lie elsewhere.
  private(set) var offsets: [Int]
  private(set) var count = 0
  private var free: [Range<Int>] = []

  /// - Parameter counts: how many scalars each value has; 0 for those that lie elsewhere.
  init(steps: [Step], counts: [Int]) {
    offsets = [Int](repeating: -1, count: counts.count)
    var lastUse = [Int](repeating: -1, count: counts.count)
    for (index, step) in steps.enumerated() {
      for value in step.values where value >= 0 { lastUse[value] = index }
    }
    for (index, step) in steps.enumerated() {
      let value = step.result
      if counts[value] > 0, offsets[value] < 0 {
        let heir = step.inPlaceCandidates.first {
          $0 >= 0 && counts[$0] == counts[value] && offsets[$0] >= 0 && lastUse[$0] == index
        }
        if let heir {
          offsets[value] = offsets[heir]
          lastUse[heir] = -1
        } else {
          offsets[value] = allocate(ArenaLayout.padded(counts[value]))
        }
      }
      for value in Set(step.values) where value >= 0 && lastUse[value] == index && offsets[value] >= 0 {
        release(offsets[value]..<(offsets[value] + ArenaLayout.padded(counts[value])))
      }
    }
  }

  /// Values begin on a cache line of their own.
  private static func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

  private mutating func allocate(_ size: Int) -> Int {
    if let index = free.firstIndex(where: { $0.count >= size }) {
      let start = free[index].lowerBound
      free[index] = (start + size)..<free[index].upperBound
      if free[index].isEmpty { free.remove(at: index) }
      return start
    }
    // A hole at the very end grows.
    let start = free.last?.upperBound == count ? free.removeLast().lowerBound : count
    count = start + size
    return start
  }

  private mutating func release(_ range: Range<Int>) {
    let index = free.firstIndex { $0.lowerBound >= range.upperBound } ?? free.count
    free.insert(range, at: index)
    if index + 1 < free.count, free[index + 1].lowerBound == free[index].upperBound {
      free[index] = free[index].lowerBound..<free.remove(at: index + 1).upperBound
    }
    if index > 0, free[index - 1].upperBound == free[index].lowerBound {
      free[index - 1] = free[index - 1].lowerBound..<free.remove(at: index).upperBound
    }
  }
}

extension Step {
  /// The result and all operands.
  fileprivate var values: [Int] { [result, operands.0, operands.1, operands.2] }
  fileprivate var inPlaceCandidates: [Int] { isInPlace ? [operands.0, operands.1, operands.2] : [] }
}
