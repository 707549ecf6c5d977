/// What one worker found in a round.
public struct Update: Hashable, Sendable {
  /// New weights minus the round's, in the order of ``WeightLayout``.
  public var vector: [Float]
  /// How many examples the worker trained on.
  public var exampleCount: Int
  /// The change of the worker's control variate, one value a trained weight; empty but for SCAFFOLD.
  public var extras: [Float]
  /// The mean training loss over the worker's examples and epochs.
  public var loss: Double

  public init(vector: [Float], exampleCount: Int, extras: [Float] = [], loss: Double = 0) {
    self.vector = vector
    self.exampleCount = exampleCount
    self.extras = extras
    self.loss = loss
  }

  /// The Euclidean length of the vector, in double precision.
  public var norm: Double { vector.norm }

  /// The update shortened to a length, if it is longer.
  public func clipped(to limit: Double) -> Update {
    let norm = norm
    guard norm > limit else { return self }
    var clipped = self
    clipped.vector.scale(by: Float(limit / norm))
    return clipped
  }

  /// - Throws: where the update is not one of this model: another length, no examples, or not finite.
  public func check(count: Int, extraCount: Int) throws(FederationError) {
    guard vector.count == count else { throw .wrongLength("an update", expected: count, given: vector.count) }
    guard extras.count == extraCount else {
      throw .wrongLength("an update's control variate", expected: extraCount, given: extras.count)
    }
    guard exampleCount >= 1, exampleCount <= 1 << 31 else {
      throw .invalidSetting("an update's example count", reason: "must be between 1 and 2^31")
    }
    guard vector.isFinite, extras.isFinite, loss.isFinite else { throw .notFinite("an update") }
  }
}
