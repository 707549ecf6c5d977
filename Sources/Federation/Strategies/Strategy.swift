public import Learning

/// How a server makes the next model from an average of updates. Pure mathematics: no clock, no network, no randomness.
public protocol AveragingStrategy: Sendable {
  /// What an update counts in the average.
  var weighting: Weighting { get }

  /// An update as it is let into the average, where the server sees it.
  func admitted(_ update: Update) -> Update

  /// The next global weights, of the length of `current`.
  func apply(
    _ average: Average, to current: [Float], state: inout ServerState
  ) throws(FederationError) -> [Float]
}

/// How a server makes the next model from updates it compares with each other.
public protocol ComparingStrategy: Sendable {
  /// The update that stands for all of them; they count alike, whatever their examples. Each has been checked.
  func choose(among updates: [Update]) throws(FederationError) -> [Float]
}

/// What a server does with a round's updates.
public enum ServerStrategy: Sendable {
  case averaging(any AveragingStrategy)
  case comparing(any ComparingStrategy)

  public var needs: StrategyNeeds {
    switch self {
    case .averaging: .average
    case .comparing: .individualUpdates
    }
  }

  /// The next global weights from the updates themselves.
  public func aggregate(
    _ updates: [Update], into current: [Float], state: inout ServerState
  ) throws(FederationError) -> [Float] {
    switch self {
    case .averaging(let strategy):
      let extraCount = updates.first?.extras.count ?? 0
      var sum = RunningAverage(count: current.count, extraCount: extraCount)
      for update in updates { try sum.add(strategy.admitted(update), weight: strategy.weighting.weight(of: update)) }
      return try strategy.apply(try sum.average(), to: current, state: &state)
    case .comparing(let strategy):
      for update in updates { try update.check(count: current.count, extraCount: 0) }
      return current.adding(try strategy.choose(among: updates))
    }
  }
}

extension AveragingStrategy {
  public var weighting: Weighting { .examples }

  public func admitted(_ update: Update) -> Update { update }
}

extension StrategySpec {
  /// What an update counts.
  public var weighting: Weighting {
    switch self {
    case .fedAvg, .fedProx, .fedAdam, .fedYogi, .fedAdagrad, .normBound: .examples
    case .scaffold, .trimmedMean, .median, .krum, .multiKrum: .uniform
    }
  }

  /// The server's part of the strategy.
  ///
  /// - Parameter workers: how many there are in all, asked or not.
  public func server(layout: WeightLayout, workers: Int) -> ServerStrategy {
    switch self {
    case .fedAvg, .fedProx: .averaging(FederatedAveraging())
    case .fedAdam(let settings): .averaging(AdaptiveServer(.adam, settings, trainedCount: layout.trainedCount))
    case .fedYogi(let settings): .averaging(AdaptiveServer(.yogi, settings, trainedCount: layout.trainedCount))
    case .fedAdagrad(let settings): .averaging(AdaptiveServer(.adagrad, settings, trainedCount: layout.trainedCount))
    case .scaffold(let rate):
      .averaging(Scaffold(learningRate: rate, workers: workers, trainedCount: layout.trainedCount))
    case .trimmedMean(let trim): .comparing(TrimmedMean(trim: trim))
    case .median: .comparing(CoordinateMedian())
    case .krum(let byzantine): .comparing(Krum(byzantine: byzantine, keep: 1))
    case .multiKrum(let byzantine, let keep): .comparing(Krum(byzantine: byzantine, keep: keep))
    case .normBound(let limit): .averaging(NormBound(limit: limit))
    }
  }
}
