/// How the server makes the next model from updates, with its settings; the formulas stand in the room of federation.
public enum StrategySpec: Hashable, Sendable, Codable {
  case fedAvg
  case fedProx(mu: Double)
  case fedAdam(AdaptiveSettings)
  case fedYogi(AdaptiveSettings)
  case fedAdagrad(AdaptiveSettings)
  case scaffold(learningRate: Double)
  /// The share of values left out at either end.
  case trimmedMean(trim: Double)
  case median
  /// `byzantine`: how many updates may be hostile; as many as the cohort allows where nothing is said.
  case krum(byzantine: Int?)
  /// `keep`: how many updates are averaged; all but the hostile ones where nothing is said.
  case multiKrum(byzantine: Int?, keep: Int?)
  /// The largest Euclidean length of an update.
  case normBound(limit: Double)

  /// Of the three adaptive servers; the defaults are those of the paper's figures.
  public struct AdaptiveSettings: Hashable, Sendable, Codable {
    /// The server's.
    public var learningRate = 0.01
    public var beta1 = 0.9
    public var beta2 = 0.99
    /// Keeps small updates from counting much.
    public var tau = 1e-3

    public init(learningRate: Double = 0.01, beta1: Double = 0.9, beta2: Double = 0.99, tau: Double = 1e-3) {
      self.learningRate = learningRate
      self.beta1 = beta1
      self.beta2 = beta2
      self.tau = tau
    }
  }

  /// A strategy without its settings, by the name it has in a job.
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    case fedAvg, fedProx, fedAdam, fedYogi, fedAdagrad, scaffold, trimmedMean, median, krum, multiKrum, normBound

    /// What the server must see of a round's updates.
    public var needs: StrategyNeeds {
      switch self {
      case .fedAvg, .fedProx, .fedAdam, .fedYogi, .fedAdagrad, .scaffold, .normBound: .average
      case .trimmedMean, .median, .krum, .multiKrum: .individualUpdates
      }
    }

    /// Whether updates computed on older models can be used: not where a worker's state follows each round, nor where
    /// updates are compared with each other.
    public var worksAsynchronously: Bool { needs == .average && self != .scaffold }
  }

  public var kind: Kind {
    switch self {
    case .fedAvg: .fedAvg
    case .fedProx: .fedProx
    case .fedAdam: .fedAdam
    case .fedYogi: .fedYogi
    case .fedAdagrad: .fedAdagrad
    case .scaffold: .scaffold
    case .trimmedMean: .trimmedMean
    case .median: .median
    case .krum: .krum
    case .multiKrum: .multiKrum
    case .normBound: .normBound
    }
  }
}

/// What a strategy must see of a round's updates.
public enum StrategyNeeds: String, Hashable, Sendable, Codable {
  /// Their weighted average, so that every aggregation will do.
  case average
  /// Each of them, to compare them with each other.
  case individualUpdates
}
