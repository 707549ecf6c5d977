/// What comes with an update in the clear; the update's values, and those of a control variate behind them, stand in the body.
struct VectorHeader: Codable, Hashable, Sendable {
  /// Training rows.
  var examples = 0
  /// The mean training loss.
  var loss = 0.0
  /// Sums over the worker's held-out rows, of the weights that were given.
  var judged: [Double] = []
  /// Whether the update was below the clipping norm before it was clipped, where that norm follows how many are.
  var isWithin: Bool?
}
