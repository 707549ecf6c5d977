public import Learning

/// What a strategy asks of a worker's training.
public struct LocalRule: Hashable, Sendable {
  /// FedProx's μ: gradients get `μ (w − w₀)`.
  public var proximal = 0.0
  /// Whether gradients are corrected by SCAFFOLD's control variates.
  public var usesControl = false
  /// The length that updates are shortened to before they are sent.
  public var normLimit: Double?

  public init() {}

  public init(_ strategy: StrategySpec) {
    switch strategy {
    case .fedProx(let mu): proximal = mu
    case .scaffold: usesControl = true
    case .normBound(let limit): normLimit = limit
    case .fedAvg, .fedAdam, .fedYogi, .fedAdagrad, .trimmedMean, .median, .krum, .multiKrum: break
    }
  }

  /// How many values an update carries beside its vector.
  public func extraCount(_ layout: WeightLayout) -> Int { usesControl ? layout.trainedCount : 0 }
}
