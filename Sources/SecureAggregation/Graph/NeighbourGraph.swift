import Arithmetic

/// Who are neighbours in one attempt, by their places in the cohort.
package struct NeighbourGraph: Sendable {
  private enum Form: Sendable {
    case complete
    /// `order[place]` is the client at a place of the circle, `places` its inverse.
    case circle(order: [Int32], places: [Int32], half: Int)
  }

  let clientCount: Int
  private let form: Form

  /// The graph that `topology` and the digest of all advertised keys give.
  package init(clientCount: Int, topology: Topology, seed: [UInt8]) {
    self.clientCount = clientCount
    switch topology {
    case .complete: form = .complete
    case .regular(let graph):
      let order = Self.order(clientCount, seed: seed)
      var places = [Int32](repeating: 0, count: clientCount)
      for (place, client) in order.enumerated() { places[Int(client)] = Int32(place) }
      form = .circle(order: order, places: places, half: graph.degree / 2)
    }
  }

  /// In ascending order.
  package func neighbours(of client: Int) -> [Int] {
    switch form {
    case .complete:
      return (0..<clientCount).filter { $0 != client }
    case .circle(let order, let places, let half):
      let place = Int(places[client])
      let steps = Array(1...half) + (1...half).map { clientCount - $0 }
      return Set(steps.map { Int(order[(place + $0) % clientCount]) }).sorted()
    }
  }

  /// Fisher–Yates; a draw from below b of a 64-bit word is uniform to within b·2⁻⁶⁴.
  private static func order(_ count: Int, seed: [UInt8]) -> [Int32] {
    let generator = PseudorandomGenerator(key: Array(seed.prefix(PseudorandomGenerator.keyByteCount)))
    let words = generator.words(count: count, counterHigh: 0, counterLow: 0)
    var order = (0..<Int32(count)).map { $0 }
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, Int(words[last].multipliedFullWidth(by: UInt64(last) + 1).high))
    }
    return order
  }
}
