/// A network of switches that makes any permutation of a power of two of rows.
///
/// - Source: Waksman, *A Permutation Network*, Journal of the ACM 15(1), 1968, without the switches that it saves.
///
/// Layer t of 2k − 1 switches rows that lie N/2^(t + 1) apart, as does layer 2k − 2 − t.
package struct PermutationNetwork {
  package let rowCount: Int
  /// For each layer, whether each of its switches exchanges its rows.
  package private(set) var switches: [[Bool]]

  /// Rows that the network has for so many, its layers, and the switches of each.
  package static func sizes(rowCount: Int) -> (rowCount: Int, layerCount: Int, switchCount: Int) {
    guard rowCount > 1 else { return (rowCount, 0, 0) }
    let depth = Int.bitWidth - (rowCount - 1).leadingZeroBitCount
    return (1 << depth, 2 * depth - 1, 1 << (depth - 1))
  }

  /// The rows that the switches of a layer take: each on the left, and how far from it the one on the right lies.
  package static func lefts(layer: Int, rowCount: Int) -> (rows: [Int], distance: Int) {
    let depth = rowCount.trailingZeroBitCount
    let distance = rowCount >> (Swift.min(layer, 2 * depth - 2 - layer) + 1)
    let rows = stride(from: 0, to: rowCount, by: 2 * distance).flatMap { $0..<$0 + distance }
    return (rows, distance)
  }

  /// The switches that bring row `order[i]` to place i, for as many rows as a network has.
  package init(order: [Int]) {
    let sizes = Self.sizes(rowCount: order.count)
    precondition(sizes.rowCount == order.count, "a network has a power of two of rows, not \(order.count)")
    rowCount = order.count
    switches = [[Bool]](repeating: [Bool](repeating: false, count: sizes.switchCount), count: sizes.layerCount)
    route(order, at: 0, layer: 0)
  }

  /// Sets the switches of the part of the network that begins at a row and a layer.
  private mutating func route(_ order: [Int], at start: Int, layer: Int) {
    let half = order.count / 2
    guard half > 0 else { return }
    guard half > 1 else {
      switches[layer][start / 2] = order[0] == 1
      return
    }
    let isLower = halves(of: order)
    let last = switches.count - 1 - layer
    var upper = [Int](repeating: 0, count: half)
    var lower = upper
    for place in 0..<half {
      let swaps = isLower[order[place]]
      switches[layer][start / 2 + place] = isLower[place]
      switches[last][start / 2 + place] = swaps
      upper[place] = order[swaps ? place + half : place] % half
      lower[place] = order[swaps ? place : place + half] % half
    }
    route(upper, at: start, layer: layer + 1)
    route(lower, at: start + half, layer: layer + 1)
  }

  /// Whether each row goes through the lower half, so that neither a switch at the beginning nor one at the end sends both of
  /// its rows to one half.
  private func halves(of order: [Int]) -> [Bool] {
    let half = order.count / 2
    var place = [Int](repeating: 0, count: order.count)
    for (index, row) in order.enumerated() { place[row] = index }
    var isLower = [Bool?](repeating: nil, count: order.count)
    for first in 0..<half where isLower[first] == nil {
      var row = first
      while isLower[row] == nil {
        isLower[row] = false
        let partner = (row + half) % order.count
        isLower[partner] = true
        row = order[(place[partner] + half) % order.count]
      }
    }
    return isLower.map { $0 ?? false }
  }
}
