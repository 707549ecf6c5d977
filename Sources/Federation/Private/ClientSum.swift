public import Learning
import Privacy

/// A round's clipped updates on their way into a noised average.
///
/// Updates may come in any order, and none at all is a round too.
public struct ClientSum: Sendable {
  public let grid: ClientGrid
  private let privacy: ClientPrivacy
  private var sums: [Int]
  /// Deviations of another size only for tests.
  private let hasNoise: Bool

  /// - Parameter state: of the server, which knows the clipping norm of the round.
  public init(_ privacy: ClientPrivacy, state: ServerState) throws(FederationError) {
    try self.init(privacy, state: state, hasNoise: true)
  }

  /// A sum that is told as it is, which only tests of sensitivity need.
  package init(_ privacy: ClientPrivacy, state: ServerState, hasNoise: Bool) throws(FederationError) {
    grid = try ClientGrid(privacy, clip: state.clip(privacy))
    self.privacy = privacy
    self.hasNoise = hasNoise
    sums = [Int](repeating: 0, count: grid.length)
  }

  public mutating func add(_ update: Update, isWithin: Bool) throws(FederationError) {
    try update.check(count: grid.count, extraCount: 0)
    grid.add(update.vector, isWithin: isWithin, to: &sums)
  }

  /// The next model: the server adds its noise here, fresh each time.
  public func step(
    _ strategy: any AveragingStrategy, from current: [Float], state: inout ServerState
  ) throws(FederationError) -> [Float] {
    try Self.step(hasNoise ? try noised() : sums, on: grid, privacy, strategy, from: current, state: &state)
  }

  private func noised() throws(FederationError) -> [Int] {
    do {
      // 2^20 steps a deviation, as ``ClientPrivacy`` accounts.
      let noise = try GaussianNoise(bits: 20).draws(sums.count)
      return zip(sums, noise).map { $0 + Int($1) }
    } catch { throw .invalidSetting("privacy", reason: "\(error)") }
  }

  /// The next model from sums that hold their noise already.
  public static func step(
    _ noised: [Int], on grid: ClientGrid, _ privacy: ClientPrivacy, _ strategy: any AveragingStrategy,
    from current: [Float], state: inout ServerState
  ) throws(FederationError) -> [Float] {
    let (mean, share) = grid.mean(noised)
    let next = try strategy.apply(Average(vector: mean, updateCount: 1), to: current, state: &state)
    guard next.isFinite else { throw .notFinite("the server's next model") }
    if let share { state.clip = privacy.clip(after: grid.clip, share: share) }
    return next
  }
}

extension ServerState {
  /// The clipping norm of the next round.
  public func clip(_ privacy: ClientPrivacy) -> Double { clip ?? privacy.part.clipping.norm }
}
