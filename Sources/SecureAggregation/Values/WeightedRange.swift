/// A weighted average whose weights are hidden too: a client gives weight·x for each number and the weight as one more.
///
/// A weight is 1…`largestWeight`, such as a count of examples; the values need bits enough for largestWeight·(2^bits −
/// 1), at most 32.
public struct WeightedRange: Hashable, Sendable {
  public let range: FixedRange
  public let largestWeight: UInt32

  public init(_ range: FixedRange, largestWeight: UInt32) throws(SecureAggregationError) {
    guard largestWeight >= 1, UInt64(largestWeight) * UInt64(range.largest) <= UInt64(UInt32.max) else {
      throw .plan(
        reason: "a largest weight of \(largestWeight) and numbers of \(range.bits) bits do not fit into 32 bits; "
          + "agree on a smaller weight, and scale the weights to it")
    }
    self.range = range
    self.largestWeight = largestWeight
  }

  /// What an ``AggregationPlan`` needs for values and weights.
  public var valueBits: Int { 32 - (largestWeight * range.largest).leadingZeroBitCount }

  /// Values of an ``AggregationPlan`` for so many numbers.
  public static func vectorLength(of count: Int) -> Int { count + 1 }

  /// The client's values, its weight last.
  public func encode(_ numbers: [Float], weight: UInt32) throws(SecureAggregationError) -> [UInt32] {
    guard (1...largestWeight).contains(weight) else { throw .badWeight(largest: largestWeight) }
    var values: [UInt32] = []
    try range.append(numbers, times: weight, to: &values)
    values.append(weight)
    return values
  }

  /// The weighted average and the sum of the weights, from the sum of the clients' values.
  public func average(_ sums: [UInt64]) throws(SecureAggregationError) -> (numbers: [Float], weight: UInt64) {
    guard let weight = sums.last, weight > 0 else { throw .badWeight(largest: largestWeight) }
    return (range.average(sums.dropLast(), weight: Double(weight)), weight)
  }
}
