/// Control variates take out what makes workers of unlike data drift apart.
///
/// Workers follow `g − cₖ + c` and send, beside their update, the change of their `cₖ` (option II; see ``LocalTrainer``).
/// The server moves `w ← w + η · mean Δₖ` and `c ← c + Σ Δcₖ / N`, for N workers in all. Updates count alike.
///
/// - Source: S. P. Karimireddy et al., *SCAFFOLD: Stochastic Controlled Averaging for Federated Learning*, ICML 2020,
///   algorithm 1.
public struct Scaffold: AveragingStrategy {
  private let learningRate: Double
  private let workers: Int
  private let trainedCount: Int

  public init(learningRate: Double, workers: Int, trainedCount: Int) {
    self.learningRate = learningRate
    self.workers = workers
    self.trainedCount = trainedCount
  }

  public var weighting: Weighting { .uniform }

  public func apply(
    _ average: Average, to current: [Float], state: inout ServerState
  ) throws(FederationError) -> [Float] {
    guard average.extras.count == trainedCount else {
      throw .wrongLength("the average control variate", expected: trainedCount, given: average.extras.count)
    }
    guard average.vector.count == current.count else {
      throw .wrongLength("an average", expected: current.count, given: average.vector.count)
    }
    var control = state.control(count: trainedCount)
    guard control.count == trainedCount else {
      throw .wrongLength("the server's control variate", expected: trainedCount, given: control.count)
    }
    control.add(average.extras, times: Float(Double(average.updateCount) / Double(workers)))
    var step = average.vector
    // Running statistics follow the average itself.
    for index in 0..<trainedCount { step[index] *= Float(learningRate) }
    let next = current.adding(step)
    guard next.isFinite, control.isFinite else { throw .notFinite("the server's next model") }
    state.control = control
    return next
  }
}
