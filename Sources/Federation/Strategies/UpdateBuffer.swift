/// Collects updates that were computed on models of different ages, until there are enough for a step.
///
/// The step is `Σ s(τₖ) wₖ Δₖ / Σ wₖ` with `s(τ) = 1 / √(1 + τ)`, where the staleness τ is how many steps the server has made
/// since the model that the update was computed on.
///
/// - Source: J. Nguyen et al., *Federated Learning with Buffered Asynchronous Aggregation*, AISTATS 2022, algorithm 1 and
///   section 5.
public struct UpdateBuffer: Sendable {
  public let capacity: Int
  private let count: Int
  private let strategy: any AveragingStrategy
  private var sum: RunningAverage

  public init(capacity: Int, count: Int, strategy: any AveragingStrategy) {
    self.capacity = capacity
    self.count = count
    self.strategy = strategy
    sum = RunningAverage(count: count, extraCount: 0)
  }

  public var updateCount: Int { sum.updateCount }
  public var isFull: Bool { sum.updateCount >= capacity }

  /// What an update of that age counts beside a fresh one.
  public static func factor(staleness: Int) -> Double { 1 / Double(1 + staleness).squareRoot() }

  public mutating func add(_ update: Update, staleness: Int) throws(FederationError) {
    guard staleness >= 0 else { throw .invalidSetting("the staleness of an update", reason: "must not be negative") }
    try sum.add(
      strategy.admitted(update), weight: strategy.weighting.weight(of: update),
      factor: Self.factor(staleness: staleness))
  }

  /// The next global weights from what was collected; the buffer is empty afterwards.
  public mutating func step(_ current: [Float], state: inout ServerState) throws(FederationError) -> [Float] {
    let average = try sum.average()
    sum = RunningAverage(count: count, extraCount: 0)
    return try strategy.apply(average, to: current, state: &state)
  }
}
