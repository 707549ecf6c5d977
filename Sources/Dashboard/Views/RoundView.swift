/// A completed round as the page shows it.
public struct RoundView: Codable, Hashable, Sendable {
  /// From 1.
  public var round: Int
  /// How many workers were asked, and how many are in the model.
  public var asked: Int
  public var answered: Int
  /// Who was asked and is not in the model.
  public var missing: [String]
  /// Of the model that the round began with, which has seen one round less.
  public var before: MetricsView
  /// Payload of the coordinator and all workers.
  public var bytesSent: Int
  public var seconds: Double

  public init(
    round: Int, asked: Int, answered: Int, missing: [String], before: MetricsView, bytesSent: Int, seconds: Double
  ) {
    self.round = round
    self.asked = asked
    self.answered = answered
    self.missing = missing
    self.before = before
    self.bytesSent = bytesSent
    self.seconds = seconds
  }
}

/// How good a model is on the workers' held-out rows.
public struct MetricsView: Codable, Hashable, Sendable {
  public var loss: Double?
  /// A share from 0 to 1.
  public var accuracy: Double?
  public var meanSquaredError: Double?

  public init(loss: Double? = nil, accuracy: Double? = nil, meanSquaredError: Double? = nil) {
    self.loss = loss
    self.accuracy = accuracy
    self.meanSquaredError = meanSquaredError
  }
}
