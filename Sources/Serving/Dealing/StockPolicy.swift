/// How much correlated randomness the last party keeps on stock.
public struct StockPolicy: Hashable, Sendable {
  /// With fewer runs than this on stock, more are dealt, ahead of need.
  public var lowWater: Int
  /// Up to so many runs.
  public var batch: Int
  /// A program's stock has no more bytes than this, unless one run needs more.
  private(set) var mostBytes = 1 << 30

  public init(lowWater: Int = 4, batch: Int = 16) throws {
    guard (0...1 << 16).contains(lowWater), (max(lowWater, 1)...1 << 16).contains(batch) else {
      throw ServingError.badRequest(
        "the stock is refilled below 0 to 65536 runs, up to at least as many: not below \(lowWater) up to \(batch)")
    }
    self.lowWater = lowWater
    self.batch = batch
  }

  /// For trainings, which know what they need next and keep it in memory.
  private init(mostBytes: Int) {
    (lowWater, batch) = (0, 1)
    self.mostBytes = mostBytes
  }

  static let training = StockPolicy(mostBytes: 128 << 20)
}
