public import Learning

/// The server takes the average update for a gradient and follows it by an optimizer of its own.
///
/// With Δ the average update: `m ← β₁ m + (1 − β₁) Δ`, then `v` as below, then `w ← w + η · m / (√v + τ)`; `m` begins at
/// 0 and `v` at τ². Running statistics of a model follow the average itself.
///
/// | kind    | v                                          |
/// | ------- | ------------------------------------------ |
/// | adagrad | `v + Δ²`                                   |
/// | yogi    | `v − (1 − β₂) Δ² · sign(v − Δ²)`           |
/// | adam    | `β₂ v + (1 − β₂) Δ²`                       |
///
/// - Source: S. Reddi et al., *Adaptive Federated Optimization*, ICLR 2021, algorithm 2.
public struct AdaptiveServer: AveragingStrategy {
  public enum Kind: Hashable, Sendable {
    case adagrad, yogi, adam
  }

  private let kind: Kind
  private let settings: StrategySpec.AdaptiveSettings
  private let trainedCount: Int

  public init(_ kind: Kind, _ settings: StrategySpec.AdaptiveSettings, trainedCount: Int) {
    self.kind = kind
    self.settings = settings
    self.trainedCount = trainedCount
  }

  public func apply(
    _ average: Average, to current: [Float], state: inout ServerState
  ) throws(FederationError) -> [Float] {
    var next = try FederatedAveraging().apply(average, to: current, state: &state)
    if state.momentum.isEmpty {
      state.momentum = [Float](repeating: 0, count: trainedCount)
      state.squares = [Float](repeating: Float(settings.tau * settings.tau), count: trainedCount)
    }
    guard state.momentum.count == trainedCount, state.squares.count == trainedCount else {
      throw .wrongLength("the server's state", expected: trainedCount, given: state.momentum.count)
    }
    state.momentum.withUnsafeMutableBufferPointer { momentum in
      state.squares.withUnsafeMutableBufferPointer { squares in
        next.withUnsafeMutableBufferPointer { next in
          step(average.vector, current, momentum: momentum, squares: squares, next)
        }
      }
    }
    guard next.isFinite else { throw .notFinite("the server's next model") }
    return next
  }

  private func step(
    _ update: [Float], _ current: [Float], momentum: UnsafeMutableBufferPointer<Float>,
    squares: UnsafeMutableBufferPointer<Float>, _ next: UnsafeMutableBufferPointer<Float>
  ) {
    let (beta1, beta2) = (Float(settings.beta1), Float(settings.beta2))
    let (rate, tau) = (Float(settings.learningRate), Float(settings.tau))
    update.withUnsafeBufferPointer { update in
      current.withUnsafeBufferPointer { current in
        for index in momentum.indices {
          let delta = update[index]
          let (square, old) = (delta * delta, squares[index])
          momentum[index] = beta1 * momentum[index] + (1 - beta1) * delta
          switch kind {
          case .adagrad: squares[index] = old + square
          case .yogi: squares[index] = old - (1 - beta2) * square * (old > square ? 1 : old < square ? -1 : 0)
          case .adam: squares[index] = beta2 * old + (1 - beta2) * square
          }
          next[index] = current[index] + rate * momentum[index] / (squares[index].squareRoot() + tau)
        }
      }
    }
  }
}
