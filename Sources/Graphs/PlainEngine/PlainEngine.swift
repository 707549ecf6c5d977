import COpenBLAS
public import Tensors

/// Runs graphs on floats in the clear: what it computes is what the operations mean.
///
/// It compiles the graph anew for each call; to run one many times, keep a ``PlainProgram``.
public struct PlainEngine: Sendable {
  public init() {}

  /// The matrix library and the processor it computes for.
  public static var libraryVersion: String { String(cString: openblas_get_config()) }

  /// The values of the graph's outputs, in order.
  ///
  /// - Throws: ``GraphError/missingInput(_:)`` and ``GraphError/wrongInputShape(_:expected:given:)``; inputs the graph
  ///   does not know are ignored.
  public func run(_ graph: Graph, inputs: [String: Tensor<Float>]) throws(GraphError) -> [Tensor<Float>] {
    let program = PlainProgram(graph)
    return program.run(try program.arrange(inputs))
  }
}

extension PlainProgram {
  /// Named tensors in the order of the program's inputs, their names and shapes checked.
  public func arrange(_ inputs: [String: Tensor<Float>]) throws(GraphError) -> [Tensor<Float>] {
    var arranged: [Tensor<Float>] = []
    for (name, shape) in zip(inputNames, inputShapes) {
      guard let tensor = inputs[name] else { throw .missingInput(name) }
      guard tensor.shape == shape else { throw .wrongInputShape(name, expected: shape, given: tensor.shape) }
      arranged.append(tensor)
    }
    return arranged
  }
}
