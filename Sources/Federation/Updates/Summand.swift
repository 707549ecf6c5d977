/// An update as a vector that can be added to others while nobody sees it: values times weight, and the weight itself.
///
/// | part     | values      | what                                             |
/// | -------- | ----------- | ------------------------------------------------ |
/// | vector   | `count`     | `w · vector`                                     |
/// | extras   | `extraCount`| `w · extras`                                     |
/// | weight   | 1           | `w = weight / weightLimit`, above 0 and at most 1 |
/// | loss     | 1           | `w · min(loss, lossLimit) / lossLimit`           |
///
/// Since `w ≤ 1`, no value is larger than in the update itself, so a range agreed for updates holds for summands. The
/// average divides by the sum of weights; how many examples a worker has is hidden with the rest.
public struct Summand: Hashable, Sendable {
  public let count: Int
  public let extraCount: Int
  /// The public bound of a worker's weight: of its examples, or 1 where updates count alike.
  public let weightLimit: Int

  /// Training losses above this count as this.
  public static let lossLimit = 64.0

  public init(count: Int, extraCount: Int = 0, weightLimit: Int) {
    self.count = count
    self.extraCount = extraCount
    self.weightLimit = weightLimit
  }

  /// How many values a summand has.
  public var length: Int { count + extraCount + 2 }

  public func pack(_ update: Update, weighting: Weighting) throws(FederationError) -> [Float] {
    try update.check(count: count, extraCount: extraCount)
    let weight = weighting.weight(of: update) / Double(weightLimit)
    guard weight > 0, weight <= 1 else {
      throw .invalidSetting(
        "the number of examples of a worker",
        reason: "is above the job's limit of \(weightLimit); raise the limit, or give the worker fewer rows")
    }
    var packed = update.vector + update.extras
    packed.scale(by: Float(weight))
    let loss = min(max(update.loss, 0), Self.lossLimit) / Self.lossLimit
    return packed + [Float(weight), Float(weight * loss)]
  }

  /// The average that a sum of summands stands for.
  public func average(ofSum sum: [Float], updateCount: Int) throws(FederationError) -> Average {
    guard sum.count == length else { throw .wrongLength("a sum of updates", expected: length, given: sum.count) }
    guard sum.isFinite else { throw .notFinite("a sum of updates") }
    let weight = Double(sum[count + extraCount])
    guard weight > 0, weight <= Double(updateCount) * 1.001 else {
      throw .invalidSetting("the sum of weights", reason: "does not go with \(updateCount) updates; the sum is refused")
    }
    var values = Array(sum[..<(count + extraCount)])
    values.scale(by: Float(1 / weight))
    return Average(
      vector: Array(values[..<count]), extras: Array(values[count...]), updateCount: updateCount,
      loss: Double(sum[length - 1]) / weight * Self.lossLimit)
  }
}
