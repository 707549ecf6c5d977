import Graphs
import Tensors

/// What every graph that trains begins with: the model on a batch, its outputs before a layer that is part of the loss, the
/// targets, and the weights to train.
struct TrainingForward {
  let assembly: ModelAssembly
  let builder: GraphBuilder
  let outputs: Symbol
  let targets: Symbol
  let weights: [Symbol]

  init(_ description: ModelDescription, loss: Loss, batch: Int) throws(LearningError) {
    try loss.validate(description)
    assembly = try description.assembly(
      batch: batch, isTraining: true, droppingLast: loss.fusedLayer != nil && description.layers.last == loss.fusedLayer
    )
    builder = GraphBuilder(continuing: assembly.graph)
    builder.layer = "loss"
    outputs = builder.symbol(assembly.output)
    targets = builder.input(TrainingGraph.targetName, outputs.shape)
    weights = description.weightNames.compactMap { [builder] in builder.graph.inputs[$0] }.map(builder.symbol)
  }

  /// By each weight, given the gradient by the outputs.
  func gradients(upstream: Symbol) throws(LearningError) -> [Symbol] {
    do { return try outputs.gradients(by: weights, upstream: upstream) } catch { throw .layerDoesNotFit("loss", error) }
  }
}
