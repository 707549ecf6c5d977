import Tacit

/// The model rolls on in the direction of earlier rounds: `m ← β m + Δ`, `w ← w + m`.
///
/// T.-M. H. Hsu, H. Qi and M. Brown, *Measuring the Effects of Non-Identical Data Distribution for Federated Visual
/// Classification*, 2019 (FedAvgM). It needs the average of a round's updates alone, and so works where nobody sees any of them.
struct MomentumServer: AveragingStrategy {
  var momentum: Float = 0.7

  func apply(
    _ average: Average, to current: [Float], state: inout ServerState
  ) throws(FederationError) -> [Float] {
    guard average.vector.count == current.count else {
      throw .wrongLength("an average", expected: current.count, given: average.vector.count)
    }
    if state.momentum.isEmpty { state.momentum = [Float](repeating: 0, count: current.count) }
    state.momentum = zip(state.momentum, average.vector).map { momentum * $0 + $1 }
    return zip(current, state.momentum).map(+)
  }
}
