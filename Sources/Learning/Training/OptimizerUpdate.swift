import Graphs
import Tensors

/// An optimizer's step on one weight as graph nodes; formulas as ``Optimizer``'s, with one difference.
///
/// Adam's gradient is scaled by ``StepGraph/adamScale`` before its moments are taken, and ε stands inside the root:
/// `w ← w − rate · m / √(v + floor)`. Both are for fixed point, where small squares have no digits.
struct OptimizerUpdate {
  private let optimizer: Optimizer
  private let builder: GraphBuilder
  /// The public learning rate, of shape `[]`.
  private let rate: Symbol

  init(_ optimizer: Optimizer, builder: GraphBuilder, rate: Symbol) {
    self.optimizer = optimizer
    self.builder = builder
    self.rate = rate
  }

  /// The next weight, and the next state in the order of the optimizer's suffixes.
  func callAsFunction(_ name: String, _ weight: Symbol, _ gradient: Symbol) -> (weight: Symbol, state: [Symbol]) {
    let state = optimizer.stateSuffixes.map { builder.input(name + $0, weight.shape) }
    switch optimizer {
    case .sgd(_, let momentum, let decay):
      let direction = decay == 0 ? gradient : gradient + weight * Float(decay)
      guard let velocity = state.first else { return (weight - direction * rate, []) }
      let next = velocity * Float(momentum) + direction
      return (weight - next * rate, [next])
    case .adam(_, let beta1, let beta2):
      let scaled = gradient * StepGraph.adamScale
      let mean = state[0] * Float(beta1) + scaled * Float(1 - beta1)
      let square = state[1] * Float(beta2) + (scaled * scaled) * Float(1 - beta2)
      let direction = mean * (square + StepGraph.adamFloor).inverseSquareRoot()
      return (weight - direction * rate, [mean, square])
    }
  }
}
