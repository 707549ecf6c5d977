import Arithmetic

/// The rows of each step where they are taken in order: as the public seed shuffles them, the same in every epoch.
struct FixedOrder {
  private let order: [Int]
  private let batch: Int

  init(rows: Int, batch: Int, seed: UInt64) {
    var random = SeedTree(seed: seed).child("shuffle").child("order").generator()
    order = random.shuffled(rows)
    self.batch = batch
  }

  /// Steps of an epoch, the last of which may have fewer rows; as many lie between two uses of a row.
  static func stepsPerEpoch(rows: Int, batch: Int) -> Int { max(1, (rows + batch - 1) / batch) }

  /// Writes the rows of a step, from 0, and gives how many there are.
  func write(step: Int, to room: UnsafeMutablePointer<Int>) -> Int {
    let start = step % Self.stepsPerEpoch(rows: order.count, batch: batch) * batch
    let rows = order[start..<min(start + batch, order.count)]
    for (place, row) in rows.enumerated() { room[place] = row }
    return rows.count
  }
}
