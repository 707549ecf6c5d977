public import Sharing
public import Tensors

/// A secret prediction and what it took.
public struct Prediction: Sendable {
  /// `[batch, …]`, known to the client alone.
  public let output: Tensor<Float>
  /// From the input in the clear to the answer in the clear, at the client.
  public let seconds: Double
  /// From shares to shares, at the slowest party.
  public let partySeconds: Double
  /// What was sent by the parties and the client together, and the rounds one after the other.
  public let traffic: Cost
  /// What a dealer took beforehand.
  public var offlineSeconds = 0.0
}
