import CKernels

/// The values of each coordinate over some vectors, in order.
///
/// A sorting network has the same comparisons whatever the values, so that many coordinates are sorted at once by vector
/// instructions: 100 vectors take about 1,200 comparisons of whole blocks of coordinates.
struct SortedColumns {
  /// Coordinates sorted at once: with 100 vectors, 25 kB.
  private static let width = 64

  private let vectors: [[Float]]

  /// - Parameter vectors: at least one, of equal lengths, without nan.
  init(_ vectors: [[Float]]) {
    self.vectors = vectors
  }

  /// For each coordinate, the mean of the values at these places of its order.
  func mean(_ places: Range<Int>) -> [Float] {
    let count = vectors[0].count
    let comparisons = Self.network(vectors.count)
    let block = UnsafeMutableBufferPointer<Float>.allocate(capacity: vectors.count * Self.width)
    defer { block.deallocate() }
    block.initialize(repeating: 0)
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      for start in stride(from: 0, to: count, by: Self.width) {
        let width = min(Self.width, count - start)
        for (row, vector) in vectors.enumerated() {
          vector.withUnsafeBufferPointer { vector in
            guard let from = vector.baseAddress, let to = block.baseAddress else { return }
            (to + row * Self.width).update(from: from + start, count: width)
          }
        }
        ck_f32_sort_columns(comparisons.count / 2, comparisons, Self.width, block.baseAddress)
        for column in 0..<width {
          var sum: Float = 0
          for row in places { sum += block[row * Self.width + column] }
          buffer.initializeElement(at: start + column, to: sum / Float(places.count))
        }
      }
      initialized = count
    }
  }

  /// The pairs of rows that a sorting network compares, one behind the other, for any number of rows.
  ///
  /// - Source: K. E. Batcher, *Sorting Networks and their Applications*, AFIPS 1968, as algorithm 5.2.2M of D. E. Knuth,
  ///   *The Art of Computer Programming*, volume 3.
  static func network(_ count: Int) -> [UInt32] {
    guard count > 1 else { return [] }
    var pairs: [UInt32] = []
    var top = 1
    while 2 * top < count { top *= 2 }
    var p = top
    while p > 0 {
      var (q, r, d) = (top, 0, p)
      while true {
        for index in 0..<max(0, count - d) where index & p == r { pairs += [UInt32(index), UInt32(index + d)] }
        guard q != p else { break }
        (d, q, r) = (q - p, q / 2, p)
      }
      p /= 2
    }
    return pairs
  }
}
