import CKernels

/// The update that is closest to most others, or the mean of the closest ones (multi-Krum).
///
/// An update's score is the sum of its squared distances to its `n − f − 2` nearest neighbours, for f hostile updates among
/// `n ≥ 2f + 3`; of equal scores the first counts. Time is n²/2 distances: 100 updates of 1.66 million values take a few
/// seconds at most.
///
/// - Source: P. Blanchard et al., *Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent*, NIPS 2017.
public struct Krum: ComparingStrategy {
  private let byzantine: Int?
  private let keep: Int?

  /// - Parameters:
  ///   - byzantine: how many updates may be hostile; as many as their number allows if `nil`.
  ///   - keep: how many are averaged; all but the hostile ones if `nil`.
  public init(byzantine: Int?, keep: Int?) {
    self.byzantine = byzantine
    self.keep = keep
  }

  public func choose(among updates: [Update]) throws(FederationError) -> [Float] {
    let hostile = byzantine ?? max(0, (updates.count - 3) / 2)
    guard updates.count >= 2 * hostile + 3 else {
      throw .tooFewUpdates(given: updates.count, needed: 2 * hostile + 3, strategy: "krum")
    }
    let kept = keep ?? updates.count - hostile
    guard kept <= updates.count - hostile else {
      throw .tooFewUpdates(given: updates.count, needed: kept + hostile, strategy: "multiKrum")
    }
    let scores = Self.scores(updates.map(\.vector), neighbours: updates.count - hostile - 2)
    let best = updates.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }.prefix(kept).sorted()
    guard best.count > 1 else { return updates[best[0]].vector }
    var mean = [Float](repeating: 0, count: updates[0].vector.count)
    for index in best { mean.add(updates[index].vector, times: 1 / Float(kept)) }
    return mean
  }

  private static func scores(_ vectors: [[Float]], neighbours: Int) -> [Double] {
    let count = vectors.count
    var distances = [Double](repeating: 0, count: count * count)
    let length = vectors[0].count
    // Piece by piece, so that a piece of every vector stays in the cache while all pairs are taken.
    let piece = 4096
    for start in stride(from: 0, to: length, by: piece) {
      let width = min(piece, length - start)
      for a in 0..<count {
        for b in 0..<a {
          vectors[a].withUnsafeBufferPointer { x in
            vectors[b].withUnsafeBufferPointer { y in
              guard let x = x.baseAddress, let y = y.baseAddress else { return }
              ck_f32_add_squared_distance(width, x + start, y + start, &distances[a * count + b])
            }
          }
        }
      }
    }
    return (0..<count).map { a in
      let others = (0..<count).filter { $0 != a }.map { b in distances[max(a, b) * count + min(a, b)] }
      return others.sorted().prefix(neighbours).reduce(0, +)
    }
  }
}
