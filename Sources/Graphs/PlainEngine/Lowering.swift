import Tensors

/// Turns a graph into the steps of the plain engine.
///
/// Nodes no output needs are left out. Reshaping is free: a reshaped value is its operand's memory. Fused into one step
/// are a product with the bias and the ReLU that follow it, the gradient of a ReLU (which gives 0 at places where
/// the operand was not positive even if the upstream gradient is infinite), a sum with an element-wise product, and
/// `(x − k).relu() + k`, which is the larger of x and k. Repeated operands of element-wise operations are read where they
/// are instead of being copied.
struct Lowering {
  var steps: [Step] = []
  var plans = KernelPlans()
  /// Values that never change.
  var constants: [(value: Int, scalar: Float)] = []
  /// For each node the value that holds it.
  var values: [Int]

  var nodes: [LoweredNode]
  let outputs: [Int]

  init(_ graph: Graph) {
    nodes = graph.nodes.map { LoweredNode(operation: $0.operation, operands: $0.operands, shape: $0.shape) }
    outputs = graph.outputs
    values = Array(nodes.indices)
    readThroughBroadcasts()
    shareReLUBits()
    markReLUGradients()
    alias()
    fuse()
    let isLive = liveNodes(of: outputs, count: nodes.count) { nodes[$0].operands }
    for index in nodes.indices where isLive[index] && values[index] == index { lower(index) }
  }

  /// A value for each output that nothing else lies in: inputs, constants and values returned twice are copied.
  mutating func placeOutputs() -> [Int] {
    var taken = Set(constants.map(\.value))
    for index in nodes.indices { if case .input = nodes[index].operation { taken.insert(index) } }
    return outputs.map { output in
      if taken.insert(values[output]).inserted { return values[output] }
      return appendCopy(of: output, shape: nodes[output].shape)
    }
  }

  /// A node beyond the graph's own that repeats another under NumPy's rules.
  mutating func appendCopy(of node: Int, shape: Shape) -> Int {
    let index = nodes.count
    nodes.append(LoweredNode(operation: .broadcast(shape), operands: [node], shape: shape))
    values.append(index)
    view(index, strides: nodes[node].shape.strides(broadcastTo: shape))
    return index
  }

  /// How many scalars the memory of a value holds.
  func count(of value: Int) -> Int { nodes[value].shape.count }
}

/// A node on its way to becoming a step.
struct LoweredNode {
  var operation: Operation
  var operands: [Int]
  let shape: Shape
  var fusion = Fusion.none

  enum Fusion {
    case none
    /// The node's own step is part of a later one.
    case absorbed
    /// The node is this product, then the bias if there is one, then perhaps a ReLU.
    case product(Int, bias: Int?, relu: Bool)
    /// `operands` are what the ReLU's sign is read from, and the upstream gradient.
    case reluGradient
    /// `operands` are the factors, and what is added to their product.
    case multiplyAdd
    /// `operands` is what is to be no less than the scalar.
    case atLeast(Float)
    /// `operands` are what is squared and then summed over all axes but the first.
    case rowSquares
  }
}
