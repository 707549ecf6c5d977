import Foundation
public import Graphs
public import Tensors

/// One whole optimizer step as a graph: weights and optimizer state go in, the next ones come out.
///
/// Inputs are `x`, the targets `y`, the weights, the optimizer's state, a mask for each dropout layer, and the public
/// numbers of the step (``numbers(step:factor:)``), each of shape `[]`. Outputs are the loss, where it is asked for, then
/// the next weights in the order of ``weightNames``, then the next state in the order of ``stateNames``.
///
/// The plain engine runs it as ``Trainer`` does step by step; secret engines train by it.
public struct StepGraph: Sendable {
  public let graph: Graph
  /// Trained weights, then the running statistics of batch norms.
  public let weightNames: [String]
  /// What the optimizer remembers, all zero at first: `‹weight›.velocity`, or `‹weight›.mean` and `‹weight›.square`.
  public let stateNames: [String]
  public let masks: [(name: String, shape: Shape, rate: Double)]
  public let hasLoss: Bool
  /// Inputs that the parties' noise comes in, in the order of the trained weights; none where training is not private.
  package let noiseNames: [String]
  private let optimizer: Optimizer
  /// What learning rates are multiplied by.
  private let rateScale: Double

  /// Adam's gradients are taken this many times larger, so that their squares have digits in fixed point; the step does not
  /// depend on it.
  static let adamScale: Float = 256
  /// Stands for Adam's ε inside the root: `(scale · 1.2e-4)²`, the smallest square that fixed point holds with some digits.
  static let adamFloor: Float = 0x1p-10

  static let learningRate = "learningRate"

  /// - Parameter withLoss: whether the loss is an output; nothing is computed for it otherwise.
  public init(
    _ description: ModelDescription, loss: Loss, optimizer: Optimizer, batch: Int, withLoss: Bool
  ) throws(LearningError) {
    try optimizer.validate()
    let forward = try TrainingForward(description, loss: loss, batch: batch)
    let (assembly, builder) = (forward.assembly, forward.builder)
    let (upstream, value) = loss.step(of: forward.outputs, targets: forward.targets, withLoss: withLoss)
    let names = description.weightNames
    let gradients = try forward.gradients(upstream: upstream)
    builder.layer = "optimizer"
    let update = OptimizerUpdate(optimizer, builder: builder, rate: builder.input(Self.learningRate, .scalar))
    let steps = zip(names, zip(forward.weights, gradients)).map { name, pair in update(name, pair.0, pair.1) }
    weightNames = names + assembly.statistics.map(\.name)
    stateNames = optimizer.stateSuffixes.flatMap { suffix in names.map { $0 + suffix } }
    masks = assembly.masks
    hasLoss = withLoss
    noiseNames = []
    rateScale = 1
    self.optimizer = optimizer
    let statistics = assembly.statistics.map { builder.symbol($0.update) }
    let states = optimizer.stateSuffixes.indices.flatMap { index in steps.map { $0.state[index] } }
    graph = builder.build((value.map { [$0] } ?? []) + steps.map(\.weight) + statistics + states)
  }

  /// A private step, which has no loss.
  init(
    graph: Graph, weightNames: [String], stateNames: [String], noiseNames: [String],
    masks: [(name: String, shape: Shape, rate: Double)], optimizer: Optimizer, rateScale: Double
  ) {
    (self.graph, self.weightNames, self.stateNames, self.noiseNames) = (graph, weightNames, stateNames, noiseNames)
    (self.masks, self.optimizer, self.rateScale, hasLoss) = (masks, optimizer, rateScale, false)
  }

  /// The public numbers of a step, from 1, by the name of their input; `factor` is the schedule's.
  public func numbers(step: Int, factor: Double) -> [String: Float] {
    [Self.learningRate: Float(optimizer.stepSize(step) * factor * rateScale)]
  }
}

extension Optimizer {
  /// What is kept for each weight.
  var stateSuffixes: [String] {
    switch self {
    case .sgd(_, let momentum, _): momentum == 0 ? [] : [".velocity"]
    case .adam: [".mean", ".square"]
    }
  }

  /// The rate of a step, Adam's corrections for the zeros it began with included.
  fileprivate func stepSize(_ step: Int) -> Double {
    switch self {
    case .sgd(let rate, _, _): return rate
    case .adam(let rate, let beta1, let beta2):
      return rate * (1 - pow(beta2, Double(step))).squareRoot() / (1 - pow(beta1, Double(step)))
    }
  }
}
