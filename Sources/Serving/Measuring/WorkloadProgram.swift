public import Graphs
public import Tensors

/// A program whose inputs are all secret, their values, and what is publicly declared of them.
///
/// Any graph will do, with any number of outputs. Without bounds, comparisons are on 64 bits.
public struct WorkloadProgram: Sendable {
  public let graph: Graph
  public let inputs: [String: Tensor<Float>]
  /// For every input of the graph, or none at all.
  public let bounds: [String: InputBound]
  public let fractionBits: Int

  public init(
    graph: Graph, inputs: [String: Tensor<Float>], bounds: [String: InputBound] = [:], fractionBits: Int = 16
  ) {
    self.graph = graph
    self.inputs = inputs
    self.bounds = bounds
    self.fractionBits = fractionBits
  }

  /// Names of the inputs in a fixed order.
  var names: [String] { graph.inputs.keys.sorted() }
}
