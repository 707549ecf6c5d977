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
    let forward = try TrainingForward(description, loss: loss, batch: batch)
    let (assembly, builder) = (forward.assembly, forward.builder)
    let value = loss.value(of: forward.outputs, targets: forward.targets)
    let upstream = loss.gradient(of: forward.outputs, targets: forward.targets)
    weightNames = description.weightNames
    statisticNames = assembly.statistics.map(\.name)
    masks = assembly.masks
    let gradients = try forward.gradients(upstream: upstream)
    graph = builder.build([value] + gradients + assembly.statistics.map { builder.symbol($0.update) })
  }
}
