/// A worker's control variate of SCAFFOLD.
///
/// What a round changed counts when a later round begins: a round that is asked for again starts from the same.
struct ControlVariate {
  private var value: [Float] = []
  private var change: [Float] = []
  private var changedIn = 0

  mutating func value(for round: Int, count: Int) -> [Float] {
    if value.isEmpty { value = [Float](repeating: 0, count: count) }
    if round > changedIn, change.count == value.count {
      for index in value.indices { value[index] += change[index] }
      change = []
    }
    return value
  }

  mutating func note(_ change: [Float], round: Int) {
    self.change = change
    changedIn = round
  }
}
