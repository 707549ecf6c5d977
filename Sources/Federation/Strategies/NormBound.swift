/// No update is longer than a limit: `Δ ← Δ · min(1, limit / ‖Δ‖)`, then the average by examples.
///
/// A server that sees updates shortens them itself. Where they are hidden, workers do before they send theirs, and nobody
/// but an aggregation on shares checks it.
///
/// - Source: Z. Sun et al., *Can You Really Backdoor Federated Learning?*, 2019, norm thresholding.
public struct NormBound: AveragingStrategy {
  private let limit: Double

  public init(limit: Double) {
    self.limit = limit
  }

  public func admitted(_ update: Update) -> Update { update.clipped(to: limit) }

  public func apply(
    _ average: Average, to current: [Float], state: inout ServerState
  ) throws(FederationError) -> [Float] {
    // An average of bounded updates is bounded, with room for the rounding of an aggregation.
    guard average.vector.norm <= limit * 1.01 + 1e-3 else {
      throw .invalidSetting(
        "the average update", reason: "is longer than the norm bound \(limit); the round is refused")
    }
    return try FederatedAveraging().apply(average, to: current, state: &state)
  }
}
