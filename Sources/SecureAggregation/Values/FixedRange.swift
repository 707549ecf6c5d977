/// An agreed range of numbers and how finely they are told apart: x in [−bound, bound] becomes 0…2^bits − 1.
///
/// A step is 2·bound/(2^bits − 1). Each number is rounded to the nearest step, halves to the even one, so the average
/// of any contributors is off by at most half a step: 2^−17 of the range at 16 bits.
public struct FixedRange: Hashable, Sendable {
  public let bound: Double
  public let bits: Int

  public init(bound: Double, bits: Int) throws(SecureAggregationError) {
    guard bound > 0, bound.isFinite else { throw .plan(reason: "the bound of a range is a positive number") }
    guard (1...32).contains(bits) else { throw .plan(reason: "a range has 1 to 32 bits, not \(bits)") }
    self.bound = bound
    self.bits = bits
  }

  var largest: UInt32 { UInt32.max >> UInt32(32 - bits) }

  /// The width of a step.
  public var step: Double { 2 * bound / Double(largest) }

  /// The numbers as steps; one beyond the bound, or none at all, is an error that names its place.
  public func encode(_ numbers: [Float]) throws(SecureAggregationError) -> [UInt32] {
    var steps: [UInt32] = []
    try append(numbers, times: 1, to: &steps)
    return steps
  }

  /// The average of `count` contributors, from the sum of their steps.
  public func average(_ sums: [UInt64], count: Int) -> [Float] {
    average(sums[...], weight: Double(count))
  }

  func append(
    _ numbers: [Float], times weight: UInt32, to steps: inout [UInt32]
  ) throws(SecureAggregationError) {
    let scale = Double(largest) / (2 * bound)
    steps.reserveCapacity(steps.count + numbers.count + 1)
    for (index, number) in numbers.enumerated() {
      let value = Double(number)
      // Not-a-number compares as false, too.
      guard value >= -bound, value <= bound else { throw .outOfRange(coordinate: index) }
      let place = ((value + bound) * scale).rounded(.toNearestOrEven)
      steps.append(UInt32(min(place, Double(largest))) * weight)
    }
  }

  func average(_ sums: ArraySlice<UInt64>, weight: Double) -> [Float] {
    let scale = step / weight
    return sums.map { Float(Double($0) * scale - bound) }
  }
}
