public import Graphs
public import Tensors

/// One training step as a graph: forward, loss and the gradient of the loss by every weight.
///
/// Inputs are `x`, the targets `y`, the weights, the running statistics, and a mask for each dropout layer. The first
/// output is the loss, of shape `[]`; the gradients follow in the order of ``weightNames``, and then what replaces the
/// running statistics after the step, in the order of ``statisticNames``, moved whatever the optimizer does. Every engine that can run it can train the model.
public struct TrainingGraph: Sendable {
  public let graph: Graph
  public let weightNames: [String]
  public let statisticNames: [String]
  /// Dropout masks by input name: zeros with probability `rate`, else `1 / (1 − rate)`.
  public let masks: [(name: String, shape: Shape, rate: Double)]

  public static let targetName = "y"

  public init(_ description: ModelDescription, loss: Loss, batch: Int) throws(LearningError) {
    try loss.validate(description)
    let assembly = try description.assembly(
      batch: batch, isTraining: true, droppingLast: loss.fusedLayer != nil && description.layers.last == loss.fusedLayer
    )
    let builder = GraphBuilder(continuing: assembly.graph)
    builder.layer = "loss"
    let z = builder.symbol(assembly.output)
    let targets = builder.input(Self.targetName, z.shape)
    let value = loss.value(of: z, targets: targets)
    let upstream = loss.gradient(of: z, targets: targets)
    weightNames = description.weightNames
    statisticNames = assembly.statistics.map(\.name)
    masks = assembly.masks
    let weights = weightNames.compactMap { builder.graph.inputs[$0] }.map(builder.symbol)
    do {
      let gradients = try z.gradients(by: weights, upstream: upstream)
      graph = builder.build([value] + gradients + assembly.statistics.map { builder.symbol($0.update) })
    } catch { throw .layerDoesNotFit("loss", error) }
  }
}
