import Graphs
import Tensors

extension StepGraph {
  /// What the input that a weight's noise comes in is called after.
  static let noiseSuffix = ".noise"

  /// A step that is private in each example, for engines on shares: clipped gradients, and the parties' noise on their sum.
  ///
  /// Besides the inputs of every step it has one of the noise on each weight's sum, ``noiseNames``, of which each party brings
  /// a summand. There is no loss, which nothing would hide.
  ///
  /// - Parameters:
  ///   - batch: rows of this step.
  ///   - expectedBatch: what every step's sum is divided by.
  package init(
    _ description: ModelDescription, loss: Loss, optimizer: Optimizer, batch: Int, expectedBatch: Int,
    clipping: SharedClipping
  ) throws(LearningError) {
    try optimizer.validate()
    let forward = try TrainingForward(description, loss: loss, batch: batch)
    let builder = forward.builder
    let names = description.weightNames
    let gradient = loss.gradient(of: forward.outputs, targets: forward.targets, examples: 1)
    let sums: [Symbol]
    do {
      sums = try ClippedGradients(builder: builder, clipping: clipping, batch: batch)
        .sums(of: forward.outputs, gradient: gradient, by: forward.weights)
    } catch { throw .layerDoesNotFit("loss", error) }
    builder.layer = "optimizer"
    let noised = zip(names, sums).map { name, sum in sum + builder.input(name + Self.noiseSuffix, sum.shape) }
    let scale = clipping.meanScale(batch: expectedBatch)
    // Steps that are linear in the gradient take the scale with their learning rate, which is public.
    let isLinear = optimizer.isLinear
    let gradients = isLinear ? noised : noised.map { $0 * Float(scale) }
    let update = OptimizerUpdate(optimizer, builder: builder, rate: builder.input(Self.learningRate, .scalar))
    let steps = zip(names, zip(forward.weights, gradients)).map { name, pair in update(name, pair.0, pair.1) }
    let states = optimizer.stateSuffixes.indices.flatMap { index in steps.map { $0.state[index] } }
    self.init(
      graph: builder.build(steps.map(\.weight) + states), weightNames: names,
      stateNames: optimizer.stateSuffixes.flatMap { suffix in names.map { $0 + suffix } },
      noiseNames: names.map { $0 + Self.noiseSuffix }, masks: forward.assembly.masks, optimizer: optimizer,
      rateScale: isLinear ? scale : 1)
  }
}

extension Optimizer {
  /// Whether a gradient twice as large moves the weights twice as far.
  fileprivate var isLinear: Bool {
    switch self {
    case .sgd(_, _, let decay): decay == 0
    case .adam: false
    }
  }
}
