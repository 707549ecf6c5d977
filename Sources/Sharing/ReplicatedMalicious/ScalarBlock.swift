import CKernels

/// Products of polynomials in six variables, which are summed up when there are many of them.
final class ScalarBlock {
  private static let capacity = 128
  /// Rows are not a power of two apart, which would put them into the same places of the cache.
  private static let pitch = capacity + 8
  private static let spreadCount = Int(ck_galois_spread_count)
  private static let tableCount = ScalarFolding.tableCount
  private static let partCount = ScalarFolding.partCount

  private let left: UnsafeMutablePointer<UInt64>
  private let right: UnsafeMutablePointer<UInt64>
  private let products: UnsafeMutablePointer<UInt64>
  private var weights: [UInt64] = []

  init() {
    let room = Self.spreadCount * Self.pitch
    left = .allocate(capacity: 2 * room + Self.tableCount * Self.pitch)
    right = left + room
    products = right + room
  }

  deinit {
    ck_zero(left, (2 * Self.spreadCount + Self.tableCount) * Self.pitch * MemoryLayout<UInt64>.size)
    left.deallocate()
  }

  /// Takes as many of a term's polynomials from one on as there is room for, and adds what is there to the table when it is full; how
  /// many were taken.
  func add(
    _ term: KeptScalars.Term, of kept: KeptScalars, from start: Int, weights: ArraySlice<UInt64>,
    to table: inout [UInt64]
  ) -> Int {
    let (place, taken) = (self.weights.count, min(kept.size - start, Self.capacity - self.weights.count))
    ck_galois_spread(kept.count, start, taken, term.left, nil, term.areBits, Self.pitch, left + place)
    ck_galois_spread(kept.count, start, taken, term.right, term.other, false, Self.pitch, right + place)
    self.weights += weights.dropFirst(start).prefix(taken)
    if self.weights.count == Self.capacity { flush(to: &table) }
    return taken
  }

  /// Adds the products, times their weights, to the table of their values at {0, 1, ∞}⁶.
  func flush(to table: inout [UInt64]) {
    let (count, words) = (weights.count, GaloisElement.wordCount)
    guard count > 0 else { return }
    table.withUnsafeMutableBufferPointer { table in
      guard let table = table.baseAddress else { return }
      for place in 0..<Self.tableCount {
        let offset = place * Self.partCount * Self.pitch
        ck_galois_products(count, Self.pitch, left + offset, right + offset, products)
        ck_galois_sum_where(
          count, weights, products, 1, Self.tableCount, Self.pitch, table + place * Self.tableCount * words)
      }
    }
    weights.removeAll(keepingCapacity: true)
  }
}
