import CKernels

/// Two vectors over the Galois ring in shares, whose inner product is to be checked: both components of the left one, the first
/// of the right one, and the sum of both of its components.
final class GaloisVectors {
  /// Variables of the polynomials that one folding goes through: 4 parts.
  static let variableCount = 2
  private static let blockCount = 64

  private(set) var count: Int
  let x0: UnsafeMutablePointer<UInt64>
  let x1: UnsafeMutablePointer<UInt64>
  let y0: UnsafeMutablePointer<UInt64>
  let sum: UnsafeMutablePointer<UInt64>

  private var all: [UnsafeMutablePointer<UInt64>] { [x0, x1, y0, sum] }

  /// Zeros.
  init(count: Int) {
    self.count = max(count, 1)
    let words = Self.paddedCount(self.count) * GaloisElement.wordCount
    x0 = .allocate(capacity: 4 * words)
    x0.initialize(repeating: 0, count: 4 * words)
    x1 = x0 + words
    y0 = x1 + words
    sum = y0 + words
  }

  deinit { x0.deallocate() }

  private static func paddedCount(_ count: Int) -> Int { (count + 3) / 4 * 4 }

  /// What is left of the vectors after all folding.
  var last: (x: GaloisShare, y: GaloisShare) {
    func element(_ vector: UnsafeMutablePointer<UInt64>) -> GaloisElement {
      GaloisElement(words: Array(UnsafeBufferPointer(start: vector, count: GaloisElement.wordCount)))
    }
    let first = element(y0)
    return (
      GaloisShare(first: element(x0), second: element(x1)), GaloisShare(first: first, second: element(sum) - first)
    )
  }

  /// This party's summands of the product of the polynomials through the four parts, at 0, 1 and ∞ in each variable; that at
  /// (1, 1) left out.
  func summands() -> [UInt64] {
    guard count > 1 else { return lastSummands() }
    let size = (count + 3) / 4
    let room = Self.blockCount * GaloisElement.wordCount
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * room) { scratch -> [UInt64] in
      guard let left = scratch.baseAddress else { return [] }
      let right = left + room
      var sums = [UInt64](repeating: 0, count: 9 * GaloisElement.wordCount)
      for start in stride(from: 0, to: size, by: Self.blockCount) {
        let block = Block(start: start, count: min(Self.blockCount, size - start), size: size)
        for point in 0..<9 where point != 4 {
          sums.withUnsafeMutableBufferPointer { sums in
            guard let sum = sums.baseAddress else { return }
            let target = sum + point * GaloisElement.wordCount
            for (x, y) in [(x0, self.sum), (x1, y0)] {
              ck_galois_dot(
                block.count, block.values(of: x, at: point, scratch: left),
                block.values(of: y, at: point, scratch: right), target)
            }
          }
        }
      }
      return Array(sums[..<(4 * GaloisElement.wordCount)] + sums[(5 * GaloisElement.wordCount)...])
    }
  }

  /// The same of one element and three zeros: its product where no variable is 1, as signs cancel out.
  private func lastSummands() -> [UInt64] {
    let words = GaloisElement.wordCount
    var product = [UInt64](repeating: 0, count: words)
    ck_galois_dot(1, x0, sum, &product)
    ck_galois_dot(1, x1, y0, &product)
    let zero = [UInt64](repeating: 0, count: words)
    var sums: [UInt64] = []
    for place in 0..<9 where place != 4 {
      let isZero = place / 3 == 1 || place % 3 == 1
      sums += isZero ? zero : product
    }
    return sums
  }

  /// The claim at the point, from shares of the other values; the vectors become four times shorter.
  func fold(_ values: [GaloisShare], claim: GaloisShare, at points: [UInt64]) -> GaloisShare {
    let table = Array(values[..<4]) + [claim - values[0] - values[1] - values[3]] + values[4...]
    let size = (count + 3) / 4
    for vector in all {
      ck_galois_fold(2 * size, points[0], vector)
      ck_galois_fold(size, points[1], vector)
      (vector + size * GaloisElement.wordCount).update(
        repeating: 0, count: (Self.paddedCount(size) - size) * GaloisElement.wordCount)
    }
    count = size
    return GaloisShare.value(table, at: points)
  }

  /// A stretch of all four parts.
  private struct Block {
    let start: Int
    let count: Int
    let size: Int

    private func part(_ index: Int, of vector: UnsafeMutablePointer<UInt64>) -> UnsafeMutablePointer<UInt64> {
      vector + (index * size + start) * GaloisElement.wordCount
    }

    /// Values at point 3a + b, where a and b are 0, 1 or 2 for ∞ in the first and in the second variable.
    func values(
      of vector: UnsafeMutablePointer<UInt64>, at point: Int, scratch: UnsafeMutablePointer<UInt64>
    ) -> UnsafeMutablePointer<UInt64> {
      let (a, b) = (point / 3, point % 3)
      let words = count * GaloisElement.wordCount
      guard a == 2 || b == 2 else { return part(2 * a + b, of: vector) }
      if a < 2 {
        ck_u64_sub(words, part(2 * a + 1, of: vector), part(2 * a, of: vector), scratch)
      } else if b < 2 {
        ck_u64_sub(words, part(2 + b, of: vector), part(b, of: vector), scratch)
      } else {
        ck_u64_sub(words, part(3, of: vector), part(2, of: vector), scratch)
        ck_u64_sub(words, scratch, part(1, of: vector), scratch)
        ck_u64_add(words, scratch, part(0, of: vector), scratch)
      }
      return scratch
    }
  }
}
