import Arithmetic
import Graphs
public import ModelFiles
public import Tensors

/// The workloads of `tacit bench`: shapes and names of the peers' scripts, so that figures stand side by side.
public enum Workload: String, Sendable, CaseIterable {
  case matmul128 = "w1_matmul_128"
  case matmul512 = "w1_matmul_512"
  case matmul1024 = "w1_matmul_1024"
  case relu100k = "w2_relu_100k"
  case relu1m = "w2_relu_1m"
  case credit1 = "w3_mlp_credit_b1"
  case credit690 = "w3_mlp_credit_b690"
  case mnistMLP1 = "w4_mnist_mlp_b1"
  case mnistMLP128 = "w4_mnist_mlp_b128"
  case mnistCNN1 = "w5_mnist_cnn_b1"
  case mnistCNN32 = "w5_mnist_cnn_b32"
  case softmax = "w7_softmax_128x10"
  case max = "w7_max_128x10"

  /// The batch as the peers state it.
  public var batch: Int {
    switch self {
    case .matmul128: 128
    case .matmul512: 512
    case .matmul1024: 1024
    case .relu100k: 100_000
    case .relu1m: 1_000_000
    case .credit1, .mnistMLP1, .mnistCNN1: 1
    case .credit690: 690
    case .mnistMLP128, .softmax, .max: 128
    case .mnistCNN32: 32
    }
  }

  /// The program with random weights from a fixed seed.
  public func model() throws -> ModelFile {
    let builder = GraphBuilder()
    let output: Symbol =
      switch self {
      case .matmul128: dense(builder.input("x", [1, 128]), [128, 128], builder, bias: false)
      case .matmul512: dense(builder.input("x", [1, 512]), [512, 512], builder, bias: false)
      case .matmul1024: dense(builder.input("x", [1, 1024]), [1024, 1024], builder, bias: false)
      case .relu100k, .relu1m: builder.input("x", [1, 1]).relu()
      case .credit1, .credit690: dense(builder.input("x", [1, 15]), [15, 64, 32, 1], builder).sigmoid()
      case .mnistMLP1, .mnistMLP128: dense(builder.input("x", [1, 784]), [784, 128, 128, 10], builder)
      case .mnistCNN1, .mnistCNN32: convolutions(builder)
      case .softmax: builder.input("x", [1, 10]).softmax()
      case .max: builder.input("x", [1, 10]).max(axis: 1)
      }
    let graph = builder.build([output])
    var weights: [String: Tensor<Float>] = [:]
    var generator = SeedTree(seed: 4).child(rawValue).generator()
    for (name, node) in graph.inputs.sorted(by: { $0.key < $1.key }) where name != "x" {
      let shape = graph.nodes[node].shape
      let fanIn = name.hasSuffix("bias") ? 100 : shape.rank == 4 ? shape.count / shape[0] : shape[0]
      let deviation = (2 / Double(fanIn)).squareRoot()
      weights[name] = Tensor(
        shape: shape, scalars: (0..<shape.count).map { _ in Float(generator.normal() * deviation) })
    }
    return try ModelFile(
      graph: graph, weights: weights,
      provenance: .init(creator: "tacit bench", dataset: rawValue, source: "random numbers, fixed seed"))
  }

  /// The input: uniform numbers from a fixed seed, in the range that the peers use.
  public func input(of model: ModelFile) -> Tensor<Float> {
    let range: ClosedRange<Double> =
      switch self {
      case .matmul128, .matmul512, .matmul1024: -1...1
      case .relu100k, .relu1m: -8...8
      case .credit1, .credit690, .mnistMLP1, .mnistMLP128, .mnistCNN1, .mnistCNN32: 0...1
      case .softmax, .max: -4...4
      }
    var generator = SeedTree(seed: 5).child(rawValue).generator()
    let shape = Shape([batch] + model.exampleShape.extents)
    return Tensor(
      shape: shape,
      scalars: (0..<shape.count).map { _ in
        Float(range.lowerBound + (range.upperBound - range.lowerBound) * generator.uniform())
      })
  }

  private func dense(_ x: Symbol, _ sizes: [Int], _ builder: GraphBuilder, bias: Bool = true) -> Symbol {
    var value = x
    for index in 1..<sizes.count {
      builder.layer = "dense\(index)"
      value = value.matmul(builder.input("dense\(index).weight", [sizes[index - 1], sizes[index]]))
      if bias { value = value + builder.input("dense\(index).bias", [sizes[index]]) }
      if index < sizes.count - 1, bias { value = value.relu() }
    }
    return value
  }

  /// Three times 3x3 convolution, average pooling by 2, ReLU; then a dense layer.
  private func convolutions(_ builder: GraphBuilder) -> Symbol {
    var value = builder.input("x", [1, 1, 28, 28])
    for (index, (inputs, outputs)) in [(1, 16), (16, 32), (32, 64)].enumerated() {
      builder.layer = "conv\(index + 1)"
      let weight = builder.input("conv\(index + 1).weight", [outputs, inputs, 3, 3])
      let bias = builder.input("conv\(index + 1).bias", [1, outputs, 1, 1])
      value = (value.conv2d(weight) + bias).averagePool2d(Pooling(window: 2)).relu()
    }
    return dense(value.reshaped(to: [-1, 64]), [64, 10], builder)
  }
}
