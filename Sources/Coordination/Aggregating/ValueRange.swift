/// How real numbers of an agreed range become integers that any aggregation can add, and back.
///
/// x becomes round(x / bound · (2^(bits−1) − 1)) + 2^(bits−1) − 1, from 0 to 2^bits − 2. The error of a sum of n numbers is at
/// most n / 2 · bound / (2^(bits−1) − 1).
struct ValueRange: Hashable, Sendable {
  let bound: Double
  let bits: Int

  private var limit: Double { Double((UInt64(1) << (bits - 1)) - 1) }

  /// - Throws: ``CoordinationError/outOfRange(what:bound:)``; nothing is clipped.
  func encode(_ numbers: [Float]) throws(CoordinationError) -> [UInt32] {
    let (factor, limit) = (limit / bound, limit)
    var isInside = true
    let words = [UInt32](unsafeUninitializedCapacity: numbers.count) { words, count in
      for index in numbers.indices {
        let scaled = (Double(numbers[index]) * factor).rounded()
        let isFine = abs(scaled) <= limit
        isInside = isInside && isFine
        words[index] = isFine ? UInt32(scaled + limit) : 0
      }
      count = numbers.count
    }
    guard isInside else { throw .outOfRange(what: "an update", bound: bound) }
    return words
  }

  /// The sum of so many vectors, from the sum of their integers.
  func decode(_ sums: [UInt64], contributors: Int) -> [Float] {
    let (factor, shift) = (bound / limit, limit * Double(contributors))
    return sums.map { Float((Double($0) - shift) * factor) }
  }
}
