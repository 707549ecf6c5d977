public import Datasets
public import Graphs
public import Tensors

/// How well a model does on a batch of test rows, as a graph: for engines that must not see its outputs.
///
/// Inputs are `x`, the targets `y` (``targets(of:)``), and all weights and running statistics. The one output, of shape
/// `[]`, is the sum of the figure over the batch, so that sums of batches can be added before anybody learns one.
public struct JudgingGraph: Sendable {
  /// What is counted.
  public enum Figure: String, Hashable, Sendable, Codable {
    /// Rows whose class is the right one; the first of equal scores counts.
    case correct
    /// The square of what a number is off by.
    case squaredError
  }

  public let graph: Graph
  public let figure: Figure

  /// - Parameter targets: those of the test rows; only their kind matters.
  public init(
    _ description: ModelDescription, loss: Loss, targets: Targets, batch: Int
  ) throws(LearningError) {
    // Neither a last sigmoid nor a last softmax changes which class wins.
    let dropsLast = description.layers.last == .sigmoid || description.layers.last == .softmax
    figure = targets.classCount == nil ? .squaredError : .correct
    let assembly = try description.assembly(
      batch: batch, isTraining: false, droppingLast: dropsLast && figure == .correct)
    let builder = GraphBuilder(continuing: assembly.graph)
    builder.layer = "judging"
    let z = builder.symbol(assembly.output)
    let y = builder.input(TrainingGraph.targetName, [batch, 1])
    let sum: Symbol
    switch targets {
    case .numbers:
      let error = z - y
      sum = (error * error).sum(axes: [0, 1])
    case .binary where z.shape[1] == 1:
      let isLogit = loss == .binaryCrossEntropy || dropsLast
      let threshold = builder.constant(isLogit ? 0 : 0.5, z.shape)
      let chosen = z.compared(.greaterOrEqual, to: threshold)
      // 1 where both are 1 or both are 0.
      sum = (chosen * y * 2 - chosen - y + 1).sum(axes: [0, 1])
    case .binary, .classes:
      sum = z.argmax(axis: 1).compared(.equal, to: y).sum(axes: [0, 1])
    }
    graph = builder.build([sum.reshaped(to: [])])
  }

  /// Targets as the graph takes them, `[rows, 1]`: numbers, 0 or 1, or the index of the class.
  public static func targets(of targets: Targets) -> Tensor<Float> {
    switch targets {
    case .numbers(let tensor), .binary(let tensor): tensor
    case .classes(let classes, _): Tensor(shape: [classes.count, 1], scalars: classes.map { Float($0) })
    }
  }
}
