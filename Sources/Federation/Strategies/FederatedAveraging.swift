/// The model moves by the average of the updates, weighted by examples: `w ← w + Σ nₖ Δₖ / Σ nₖ`.
///
/// - Source: H. B. McMahan et al., *Communication-Efficient Learning of Deep Networks from Decentralized Data*,
///   AISTATS 2017, algorithm 1. FedProx (T. Li et al., *Federated Optimization in Heterogeneous Networks*, MLSys 2020)
///   has the same server; its workers' losses carry `μ/2 · ‖w − w₀‖²`, see ``LocalRule``.
public struct FederatedAveraging: AveragingStrategy {
  public init() {}

  public func apply(
    _ average: Average, to current: [Float], state: inout ServerState
  ) throws(FederationError) -> [Float] {
    guard average.vector.count == current.count else {
      throw .wrongLength("an average", expected: current.count, given: average.vector.count)
    }
    return current.adding(average.vector)
  }
}
