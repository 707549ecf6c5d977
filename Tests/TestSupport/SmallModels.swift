public import Graphs
public import Tensors

/// Programs and weights small enough for tests, the same on every call.
public enum SmallModels {
  /// x [1, 4] → dense 8 → relu → dense 3, with a sigmoid if asked for.
  public static func perceptron(sigmoid: Bool = false) -> (graph: Graph, weights: [String: Tensor<Float>]) {
    let builder = GraphBuilder()
    var value = builder.input("x", [1, 4])
    for (index, (inputs, outputs)) in [(4, 8), (8, 3)].enumerated() {
      builder.layer = "dense\(index + 1)"
      let weight = builder.input("dense\(index + 1).weight", [inputs, outputs])
      let bias = builder.input("dense\(index + 1).bias", [outputs])
      value = value.matmul(weight) + bias
      if index == 0 {
        builder.layer = "relu1"
        value = value.relu()
      }
    }
    builder.layer = "sigmoid"
    if sigmoid { value = value.sigmoid() }
    return (builder.build([value]), weights(of: builder.build([value])))
  }

  /// x [1, 1, 8, 8] → 3x3 convolution to 4 channels → average pool 2 → relu → flatten → dense 2.
  public static func convolution() -> (graph: Graph, weights: [String: Tensor<Float>]) {
    let builder = GraphBuilder()
    builder.layer = "conv1"
    let x = builder.input("x", [1, 1, 8, 8])
    let filtered = x.conv2d(builder.input("conv1.weight", [4, 1, 3, 3])) + builder.input("conv1.bias", [1, 4, 1, 1])
    builder.layer = "pool1"
    let pooled = filtered.averagePool2d(Pooling(window: 2)).relu()
    builder.layer = "dense1"
    let output =
      pooled.reshaped(to: [-1, 36]).matmul(builder.input("dense1.weight", [36, 2]))
      + builder.input("dense1.bias", [2])
    let graph = builder.build([output])
    return (graph, weights(of: graph))
  }

  /// Numbers between −1 and 1 without a pattern that matters.
  public static func numbers(_ shape: Shape, seed: Int = 1) -> Tensor<Float> {
    Tensor(shape: shape, scalars: (0..<shape.count).map { Float((($0 &+ seed) &* 7919 &+ 104_729) % 2003) / 1001 - 1 })
  }

  private static func weights(of graph: Graph) -> [String: Tensor<Float>] {
    var weights: [String: Tensor<Float>] = [:]
    for (index, name) in graph.inputs.keys.sorted().enumerated() where name != "x" {
      weights[name] = numbers(graph.nodes[graph.inputs[name] ?? 0].shape, seed: 17 * (index + 1))
    }
    return weights
  }
}
