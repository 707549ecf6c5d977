import Arithmetic
import Graphs
import Learning
import Tensors

/// The workloads of `tacit bench`: shapes, ranges and names of the peers' scripts, so that figures stand side by side.
public enum Workload: String, Sendable, CaseIterable {
  case matmul128 = "w1_matmul_128"
  case matmul512 = "w1_matmul_512"
  case matmul1024 = "w1_matmul_1024"
  case relu100k = "w2_relu_100k"
  case relu1m = "w2_relu_1m"
  case credit1 = "w3_mlp_credit_b1"
  case credit690 = "w3_mlp_credit_b690"
  /// As `credit`, without the last sigmoid: a peer's row is so.
  case creditLogit1 = "w3_mlp_credit_logit_b1"
  case creditLogit690 = "w3_mlp_credit_logit_b690"
  case mnistMLP1 = "w4_mnist_mlp_b1"
  case mnistMLP128 = "w4_mnist_mlp_b128"
  case mnistCNN1 = "w5_mnist_cnn_b1"
  case mnistCNN32 = "w5_mnist_cnn_b32"
  case trainMNIST = "w6_train_mnist_ce_b128"
  case trainBoston = "w6_train_boston_mse_b64"
  case softmax = "w7_softmax_128x10"
  case max = "w7_max_128x10"
  case argmax = "w7_argmax_128x10"
  case less100k = "w8_less_100k"

  /// The batch as the peers state it.
  public var batch: Int {
    switch self {
    case .matmul128: 128
    case .matmul512: 512
    case .matmul1024: 1024
    case .relu100k, .less100k: 100_000
    case .relu1m: 1_000_000
    case .credit1, .creditLogit1, .mnistMLP1, .mnistCNN1: 1
    case .credit690, .creditLogit690: 690
    case .mnistMLP128, .trainMNIST, .softmax, .max, .argmax: 128
    case .trainBoston: 64
    case .mnistCNN32: 32
    }
  }

  /// What the data lies in, publicly.
  private var range: ClosedRange<Float> {
    switch self {
    case .matmul128, .matmul512, .matmul1024: -1...1
    case .relu100k, .relu1m, .less100k: -8...8
    case .credit1, .credit690, .creditLogit1, .creditLogit690, .mnistMLP1, .mnistMLP128, .mnistCNN1, .mnistCNN32,
      .trainMNIST:
      0...1
    case .trainBoston: -3...3
    case .softmax, .max, .argmax: -4...4
    }
  }

  /// The program on random numbers from a fixed seed: data is uniform in its range, weights normal.
  public func program() throws -> WorkloadProgram {
    let (graph, numbers) = try graph()
    var inputs: [String: Tensor<Float>] = [:]
    var bounds: [String: InputBound] = [:]
    var generator = SeedTree(seed: 4).child(rawValue).generator()
    for (name, node) in graph.inputs.sorted(by: { $0.key < $1.key }) where numbers[name] == nil {
      let values = values(of: name, graph.nodes[node].shape, &generator)
      inputs[name] = values
      bounds[name] = name.contains(".") ? .values(values) : .range(try InputRange(range))
    }
    // Nobody can vouch for the weights of later steps, so a training compares on all bits.
    return WorkloadProgram(
      graph: graph, inputs: inputs, bounds: isTraining ? [:] : bounds, numbers: numbers,
      fixed: isTraining ? [] : Set(inputs.keys.filter { $0.contains(".") }))
  }

  private func values(of name: String, _ shape: Shape, _ generator: inout PublicGenerator) -> Tensor<Float> {
    if self == .trainMNIST, name == "y" { return oneHot(shape, &generator) }
    let isData = !name.contains(".")
    let deviation = (2 / Double(name.hasSuffix("bias") ? 100 : shape.fanIn)).squareRoot()
    let (low, width) = (Double(range.lowerBound), Double(range.upperBound) - Double(range.lowerBound))
    return Tensor(
      shape: shape,
      scalars: (0..<shape.count).map { _ in
        Float(isData ? low + width * generator.uniform() : generator.normal() * deviation)
      })
  }

  private func oneHot(_ shape: Shape, _ generator: inout PublicGenerator) -> Tensor<Float> {
    let rows = (0..<shape[0]).flatMap { _ in
      let label = Int(generator.uniform() * Double(shape[1]))
      return (0..<shape[1]).map { Float($0 == label ? 1 : 0) }
    }
    return Tensor(shape: shape, scalars: rows)
  }

  private var isTraining: Bool { self == .trainMNIST || self == .trainBoston }

  /// The graph, and those of its inputs that are public numbers.
  private func graph() throws -> (graph: Graph, numbers: [String: Float]) {
    let builder = GraphBuilder()
    let output: Symbol
    switch self {
    case .matmul128, .matmul512, .matmul1024: output = product(builder)
    case .relu100k, .relu1m: output = builder.input("x", [batch]).relu()
    case .less100k: output = builder.input("x", [batch]).compared(.less, to: builder.input("y", [batch]))
    case .credit1, .credit690: output = dense(builder.input("x", [batch, 15]), [15, 64, 32, 1], builder).sigmoid()
    case .creditLogit1, .creditLogit690: output = dense(builder.input("x", [batch, 15]), [15, 64, 32, 1], builder)
    case .mnistMLP1, .mnistMLP128: output = dense(builder.input("x", [batch, 784]), [784, 128, 128, 10], builder)
    case .mnistCNN1, .mnistCNN32: output = convolutions(builder)
    case .softmax: output = builder.input("x", [batch, 10]).softmax()
    case .max: output = builder.input("x", [batch, 10]).max(axis: 1)
    case .argmax: output = builder.input("x", [batch, 10]).argmax(axis: 1)
    case .trainMNIST: return try step([784, 128, 128, 10], .softmaxCrossEntropy, rate: 0.1)
    case .trainBoston: return try step([13, 64, 32, 1], .meanSquaredError, rate: 0.05)
    }
    return (builder.build([output]), [:])
  }

  /// A step of plain gradient descent on dense layers with rectifiers between them.
  private func step(_ sizes: [Int], _ loss: Loss, rate: Double) throws -> (graph: Graph, numbers: [String: Float]) {
    let layers = sizes.dropFirst().flatMap { [LayerSpec.dense(units: $0), .relu] }.dropLast()
    let description = try ModelDescription(layers: Array(layers), inputShape: [sizes[0]])
    let step = try StepGraph(
      description, loss: loss, optimizer: .sgd(learningRate: rate), batch: batch, withLoss: false)
    return (step.graph, step.numbers(step: 1, factor: 1))
  }

  private func product(_ builder: GraphBuilder) -> Symbol {
    builder.input("a", [batch, batch]).matmul(builder.input("b", [batch, batch]))
  }

  private func dense(_ x: Symbol, _ sizes: [Int], _ builder: GraphBuilder) -> Symbol {
    var value = x
    for index in 1..<sizes.count {
      builder.layer = "dense\(index)"
      value = value.matmul(builder.input("dense\(index).weight", [sizes[index - 1], sizes[index]]))
      value = value + builder.input("dense\(index).bias", [sizes[index]])
      if index < sizes.count - 1 { value = value.relu() }
    }
    return value
  }

  /// Three times 3x3 convolution, average pooling by 2, ReLU; then a dense layer.
  private func convolutions(_ builder: GraphBuilder) -> Symbol {
    var value = builder.input("x", [batch, 1, 28, 28])
    for (index, (inputs, outputs)) in [(1, 16), (16, 32), (32, 64)].enumerated() {
      builder.layer = "conv\(index + 1)"
      let weight = builder.input("conv\(index + 1).weight", [outputs, inputs, 3, 3])
      let bias = builder.input("conv\(index + 1).bias", [1, outputs, 1, 1])
      value = (value.conv2d(weight) + bias).averagePool2d(Pooling(window: 2)).relu()
    }
    return dense(value.reshaped(to: [-1, 64]), [64, 10], builder)
  }
}

extension Shape {
  /// How many scalars of the layer's input one output unit sees.
  fileprivate var fanIn: Int { rank == 4 ? count / extents[0] : extents[0] }
}
