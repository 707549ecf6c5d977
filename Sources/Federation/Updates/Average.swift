/// The weighted average of a round's updates: all that is known of them under an aggregation that hides them.
public struct Average: Hashable, Sendable {
  /// Of new weights minus the round's.
  public var vector: [Float]
  /// Of the changes of control variates; empty but for SCAFFOLD.
  public var extras: [Float]
  /// How many updates there were.
  public var updateCount: Int
  /// The weighted mean of the training losses.
  public var loss: Double

  public init(vector: [Float], extras: [Float] = [], updateCount: Int, loss: Double = 0) {
    self.vector = vector
    self.extras = extras
    self.updateCount = updateCount
    self.loss = loss
  }
}

/// How much an update counts in an average.
public enum Weighting: String, Hashable, Sendable, Codable {
  /// By the examples it was trained on.
  case examples
  /// One as much as the other.
  case uniform

  public func weight(of update: Update) -> Double {
    switch self {
    case .examples: Double(update.exampleCount)
    case .uniform: 1
    }
  }
}

/// A weighted sum of updates as they come in; it holds one vector, however many there are.
///
/// Rounding depends on the order of additions: add updates in an order that does not depend on their arrival, so that
/// two runs agree bit for bit.
public struct RunningAverage: Sendable {
  private var vector: [Float]
  private var extras: [Float]
  private var lossSum = 0.0
  private var weightSum = 0.0
  public private(set) var updateCount = 0

  public init(count: Int, extraCount: Int) {
    vector = [Float](repeating: 0, count: count)
    extras = [Float](repeating: 0, count: extraCount)
  }

  /// - Parameters:
  ///   - weight: what the update counts, above 0.
  ///   - factor: what it is shrunk by; the sum of weights does not see it.
  public mutating func add(_ update: Update, weight: Double, factor: Double = 1) throws(FederationError) {
    try update.check(count: vector.count, extraCount: extras.count)
    guard weight > 0, weight.isFinite else { throw .invalidSetting("an update's weight", reason: "must be positive") }
    vector.add(update.vector, times: Float(weight * factor))
    extras.add(update.extras, times: Float(weight * factor))
    lossSum += update.loss * weight
    weightSum += weight
    updateCount += 1
  }

  /// The average of what was added.
  public func average() throws(FederationError) -> Average {
    guard updateCount > 0 else { throw .tooFewUpdates(given: 0, needed: 1, strategy: "an average") }
    var average = Average(vector: vector, extras: extras, updateCount: updateCount, loss: lossSum / weightSum)
    average.vector.scale(by: Float(1 / weightSum))
    average.extras.scale(by: Float(1 / weightSum))
    guard average.vector.isFinite, average.extras.isFinite else { throw .notFinite("the average of the updates") }
    return average
  }
}
