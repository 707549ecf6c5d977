public import Graphs
public import Tensors

/// A program on secret inputs, their values, and what is publicly declared of them.
///
/// Any graph will do, with any number of outputs. Without bounds, comparisons are on 64 bits.
public struct WorkloadProgram: Sendable {
  public let graph: Graph
  public let inputs: [String: Tensor<Float>]
  /// For every input of the graph, or none at all.
  public let bounds: [String: InputBound]
  /// Inputs that are public numbers of shape `[]`, such as a learning rate.
  public let numbers: [String: Float]
  public let fractionBits: Int
  /// Inputs that are the same in every run, such as the weights of a model that is not trained.
  public let fixed: Set<String>

  public init(
    graph: Graph, inputs: [String: Tensor<Float>], bounds: [String: InputBound] = [:], numbers: [String: Float] = [:],
    fractionBits: Int = 16, fixed: Set<String> = []
  ) {
    self.graph = graph
    self.inputs = inputs
    self.bounds = bounds
    self.numbers = numbers
    self.fractionBits = fractionBits
    self.fixed = fixed
  }

  /// Names of the secret inputs in a fixed order.
  var names: [String] { graph.inputs.keys.filter { numbers[$0] == nil }.sorted() }

  /// The outputs in the clear.
  func plainOutputs() throws -> [Tensor<Float>] {
    let scalars = numbers.mapValues { Tensor(shape: [], scalars: [$0]) }
    return try PlainEngine().run(graph, inputs: inputs.merging(scalars) { value, _ in value })
  }
}
