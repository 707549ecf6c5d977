/// How a vector of real numbers becomes integers that any aggregation can add, and back.
///
/// Each segment has a bound that all agreed on. A number x becomes round(x / bound · (2^(bits−1) − 1)) + 2^(bits−1), so integers
/// are from 1 to 2^bits − 1, and the error of a sum of n numbers is at most n / 2 · bound / (2^(bits−1) − 1).
struct VectorPlan: Codable, Hashable, Sendable {
  struct Segment: Codable, Hashable, Sendable {
    let what: String
    let count: Int
    let bound: Double
  }

  let segments: [Segment]
  let bits: Int

  var count: Int { segments.reduce(0) { $0 + $1.count } }

  private var limit: Double { Double((1 << (bits - 1)) - 1) }
  private var offset: Int64 { 1 << (bits - 1) }

  /// The largest integer.
  var largest: UInt64 { (1 << bits) - 1 }

  /// A bound by which whole numbers up to 2^(bits−1) − 1 are told exactly.
  static func exact(bits: Int) -> Double { Double((1 << (bits - 1)) - 1) }

  /// - Throws: ``CoordinationError/outOfRange(what:bound:)``; nothing is clipped.
  func encode(_ numbers: [Float]) throws(CoordinationError) -> [UInt64] {
    var words = [UInt64](repeating: 0, count: numbers.count)
    var start = 0
    for segment in segments {
      let factor = limit / segment.bound
      for index in start..<(start + segment.count) {
        let scaled = (Double(numbers[index]) * factor).rounded()
        guard abs(scaled) <= limit else { throw .outOfRange(what: segment.what, bound: segment.bound) }
        words[index] = UInt64(Int64(scaled) + offset)
      }
      start += segment.count
    }
    return words
  }

  /// The sum of so many vectors, from the sum of their integers.
  func decode(_ sums: [UInt64], contributors: Int) -> [Double] {
    var numbers = [Double](repeating: 0, count: sums.count)
    let shift = Double(offset) * Double(contributors)
    var start = 0
    for segment in segments {
      let factor = segment.bound / limit
      for index in start..<(start + segment.count) { numbers[index] = (Double(sums[index]) - shift) * factor }
      start += segment.count
    }
    return numbers
  }
}
