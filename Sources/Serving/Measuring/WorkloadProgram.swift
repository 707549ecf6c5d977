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
  /// Inputs that are the same in every run, such as the weights of a model that is not trained.
  public let fixed: Set<String>

  public init(
    graph: Graph, inputs: [String: Tensor<Float>], bounds: [String: InputBound] = [:], fractionBits: Int = 16,
    fixed: Set<String> = []
  ) {
    self.graph = graph
    self.inputs = inputs
    self.bounds = bounds
    self.fractionBits = fractionBits
    self.fixed = fixed
  }

  /// Names of the inputs in a fixed order.
  var names: [String] { graph.inputs.keys.sorted() }
}
