import Graphs
import Tensors

/// A small graph around one operation: the inputs it takes, how their values are drawn, and what it computes.
struct OperationCase: Sendable, CustomStringConvertible {
  let description: String
  let shapes: [Shape]
  /// The interval inputs are drawn from.
  var range: ClosedRange<Double> = -2...2
  /// Inputs the gradient is checked by; all unless stated.
  var differentiable: [Int]?
  let build: @Sendable ([Symbol]) -> Symbol

  init(
    _ description: String, _ shapes: [Shape], range: ClosedRange<Double> = -2...2, by differentiable: [Int]? = nil,
    _ build: @escaping @Sendable ([Symbol]) -> Symbol
  ) {
    (self.description, self.shapes, self.range, self.build) = (description, shapes, range, build)
    self.differentiable = differentiable
  }

  /// The graph with its inputs' symbols; inputs are named `a`, `b`, `c`.
  func graph() -> (inputs: [Symbol], result: Symbol) {
    let builder = GraphBuilder()
    let inputs = zip(["a", "b", "c"], shapes).map { builder.input($0, $1) }
    return (inputs, build(inputs))
  }

  func values(seed: UInt64) -> [String: Tensor<Double>] {
    var random = SplitMix(state: seed)
    return Dictionary(
      uniqueKeysWithValues: zip(["a", "b", "c"], shapes).map { name, shape in
        (
          name,
          Tensor(
            shape: shape,
            scalars: (0..<shape.count).map { _ in
              // Rounded to floats, so that both engines start from the same numbers.
              Double(Float(Double.random(in: range, using: &random)))
            })
        )
      })
  }

  static let strided = Convolution(strideHeight: 2, strideWidth: 1, paddingHeight: 1, paddingWidth: 2)
  static let overlapping: Pooling = {
    var pooling = Pooling(window: 2, stride: 1)
    pooling.windowWidth = 3
    pooling.strideWidth = 2
    return pooling
  }()

  static let all: [OperationCase] = elementwise + products + planes + structure + networks

  static let elementwise: [OperationCase] = [
    OperationCase("add", [[3, 4], [3, 4]]) { $0[0] + $0[1] },
    OperationCase("add to itself", [[5]]) { $0[0] + $0[0] },
    OperationCase("add a row", [[3, 20], [20]]) { $0[0] + $0[1] },
    OperationCase("add a column", [[3, 1], [3, 20]]) { $0[0] + $0[1] },
    OperationCase("subtract a scalar", [[2, 3, 4], []]) { $0[0] - $0[1] },
    OperationCase("subtract from a scalar", [[1], [2, 17]]) { $0[0] - $0[1] },
    OperationCase("outer difference", [[4, 1], [1, 5]]) { $0[0] - $0[1] },
    OperationCase("multiply", [[2, 3], [2, 3]]) { $0[0] * $0[1] },
    OperationCase("square", [[2, 3]]) { $0[0] * $0[0] },
    OperationCase("add to a product", [[3, 17], [3, 17], [3, 17]]) { $0[0] * $0[1] + $0[2] },
    OperationCase("add a product", [[5], [5]]) { $0[0] + $0[1] * $0[1] },
    OperationCase("add two products", [[5], [5]]) { $0[0] * $0[1] + $0[1] * $0[1] },
    OperationCase("add to a product that is read twice", [[5], [5]]) {
      let product = $0[0] * $0[1]
      return (product + $0[0]) * product
    },
    OperationCase("add a row to a product", [[3, 5], [3, 5], [5]]) { $0[0] * $0[1] + $0[2] },
    OperationCase("larger than a scalar", [[4, 9]]) { ($0[0] + -0.25).relu() + 0.25 },
    OperationCase("not quite larger", [[4, 9]]) { ($0[0] + -0.25).relu() + 0.5 },
    OperationCase("larger, of what is read twice", [[9]]) {
      let shifted = $0[0] + 0.25
      return (shifted.relu() + -0.25) * shifted
    },
    OperationCase("multiply channels", [[2, 3, 2, 4], [1, 3, 1, 1]]) { $0[0] * $0[1] },
    OperationCase("multiply outer", [[3, 1, 2], [4, 1]]) { $0[0] * $0[1] },
    OperationCase("divide", [[2, 3], [3]], range: 0.5...2) { $0[0] / $0[1] },
    OperationCase("divide by a column", [[2, 1], [2, 7]], range: 0.5...2) { $0[1] / $0[0] },
    OperationCase("select", [[3, 4], [3, 4], [3, 4]], by: [1, 2]) {
      $0[0].compared(.greater, to: $0[1]).select($0[1] * $0[2], $0[2])
    },
    OperationCase("select broadcast", [[3, 1], [4], []], by: [1, 2]) {
      $0[0].compared(.less, to: $0[0].builder.constant(0)).select($0[1], $0[2])
    },
    OperationCase("negate", [[7]]) { -$0[0] },
    OperationCase("scale", [[7]]) { $0[0] * -2.5 },
    OperationCase("shift", [[7]]) { $0[0] + 3 },
    OperationCase("relu", [[4, 9]]) { $0[0].relu() },
    OperationCase("sigmoid", [[4, 9]], range: -6...6) { $0[0].sigmoid() },
    OperationCase("tanh", [[4, 9]], range: -4...4) { $0[0].tanh() },
    OperationCase("exp", [[4, 9]]) { $0[0].exp() },
    OperationCase("log", [[4, 9]], range: 0.2...5) { $0[0].log() },
    OperationCase("reciprocal", [[4, 9]], range: 0.5...5) { $0[0].reciprocal() },
    OperationCase("inverseSquareRoot", [[4, 9]], range: 0.3...5) { $0[0].inverseSquareRoot() },
    OperationCase("gelu", [[4, 9]], range: -5...5) { $0[0].gelu() },
    OperationCase("geluGradient", [[4, 9]], range: -5...5) { $0[0].geluGradient() },
    OperationCase("power 1", [[7]]) { $0[0].power(1) },
    OperationCase("power 2", [[7]]) { $0[0].power(2) },
    OperationCase("power 3", [[7]]) { $0[0].power(3) },
    OperationCase("power 6", [[2, 9]], range: -1.2...1.2) { $0[0].power(6) },
    OperationCase("power 16", [[2, 9]], range: -1...1) { $0[0].power(16) },
    OperationCase("logSoftmax", [[3, 10]]) { $0[0].logSoftmax() },
    OperationCase("logSoftmax of a vector", [[5]]) { $0[0].logSoftmax() },
    OperationCase("softmax", [[3, 10]]) { $0[0].softmax() },
    OperationCase("softmax of a vector", [[5]]) { $0[0].softmax() },
  ]

  static let products: [OperationCase] = [
    OperationCase("matmul", [[3, 4], [4, 5]]) { $0[0].matmul($0[1]) },
    OperationCase("matmul, left transposed", [[4, 3], [4, 5]]) { $0[0].matmul($0[1], transposeLeft: true) },
    OperationCase("matmul, right transposed", [[3, 4], [5, 4]]) { $0[0].matmul($0[1], transposeRight: true) },
    OperationCase("matmul, both transposed", [[4, 3], [5, 4]]) {
      $0[0].matmul($0[1], transposeLeft: true, transposeRight: true)
    },
    OperationCase("matmul with bias", [[3, 4], [4, 5], [5]]) { $0[0].matmul($0[1]) + $0[2] },
    OperationCase("dense layer", [[3, 4], [4, 5], [1, 5]]) { ($0[2] + $0[0].matmul($0[1])).relu() },
    OperationCase("matmul into a column", [[6, 4], [4, 1], [1]]) { $0[0].matmul($0[1]) + $0[2] },
    OperationCase("matmul with itself", [[3, 3]]) { $0[0].matmul($0[0]).relu() },
    OperationCase("matmul used twice", [[3, 4], [4, 5], [5]]) {
      let product = $0[0].matmul($0[1])
      return (product + $0[2]) * product
    },
  ]

  static let planes: [OperationCase] = [
    OperationCase("conv2d", [[2, 3, 5, 6], [4, 3, 3, 2]]) { $0[0].conv2d($0[1]) },
    OperationCase("conv2d, pointwise", [[2, 3, 4, 3], [4, 3, 1, 1]]) { $0[0].conv2d($0[1]) },
    OperationCase("conv2d, strided", [[2, 2, 6, 5], [3, 2, 3, 3]]) { $0[0].conv2d($0[1], strided) },
    OperationCase("conv2d with bias", [[2, 2, 4, 4], [3, 2, 3, 3], [3]]) {
      ($0[0].conv2d($0[1], Convolution(padding: 1)) + $0[2].reshaped(to: [1, 3, 1, 1])).relu()
    },
    OperationCase("conv2dInputGradient", [[2, 3, 3, 7], [3, 2, 3, 3]]) {
      $0[0].conv2dInputGradient($0[1], strided, height: 6, width: 5)
    },
    OperationCase("conv2dInputGradient, pointwise", [[2, 3, 3, 2], [3, 2, 1, 1]]) {
      $0[0].conv2dInputGradient($0[1], Convolution(), height: 3, width: 2)
    },
    OperationCase("conv2dWeightGradient", [[2, 2, 6, 5], [2, 3, 3, 7]]) {
      $0[0].conv2dWeightGradient($0[1], strided, kernelHeight: 3, kernelWidth: 3)
    },
    OperationCase("averagePool2d", [[2, 3, 5, 4]]) { $0[0].averagePool2d(Pooling(window: 2)) },
    OperationCase("averagePool2d, overlapping", [[2, 3, 5, 6]]) { $0[0].averagePool2d(overlapping) },
    OperationCase("averagePool2dGradient", [[2, 3, 4, 2]]) {
      $0[0].averagePool2dGradient(overlapping, height: 5, width: 6)
    },
    OperationCase("maxPool2d", [[2, 3, 5, 4]]) { $0[0].maxPool2d(Pooling(window: 2)) },
    OperationCase("maxPool2d, sliding", [[2, 3, 5, 20]]) { $0[0].maxPool2d(Pooling(window: 2, stride: 1)) },
    OperationCase("maxPool2d, overlapping", [[2, 3, 5, 6]]) { $0[0].maxPool2d(overlapping) },
  ]

  static let structure: [OperationCase] = [
    OperationCase("sum of everything", [[2, 3, 4]]) { $0[0].sum(axes: [0, 1, 2]) },
    OperationCase("sum of no axis", [[2, 3]]) { $0[0].sum(axes: []) },
    OperationCase("sum of rows", [[5, 3]]) { $0[0].sum(axes: [0]) },
    OperationCase("sum of planes", [[2, 3, 4, 5]]) { $0[0].sum(axes: [0, 2, 3]) },
    OperationCase("mean", [[2, 3, 4]]) { $0[0].mean(axes: [1]) },
    OperationCase("mean of columns", [[5, 40]]) { $0[0].mean(axes: [1]) },
    OperationCase("mean of rows", [[5, 4]]) { $0[0].mean(axes: [0]) },
    OperationCase("max", [[3, 4, 5]]) { $0[0].max(axis: 1) },
    OperationCase("max, last axis", [[3, 7]]) { $0[0].max(axis: 1) },
    OperationCase("argmax", [[3, 4, 5]]) { $0[0].argmax(axis: 1) * $0[0].sum(axes: [1]) },
    OperationCase("argmax, last axis", [[3, 7]]) { $0[0].argmax(axis: 1) + $0[0].sum(axes: [1]) },
    OperationCase("argmax of one", [[3, 1]]) { $0[0].argmax(axis: 1) + $0[0] },
    OperationCase("broadcast", [[3, 1, 2]]) { $0[0].broadcast(to: [4, 3, 5, 2]) },
    OperationCase("broadcast and multiply", [[3, 1], [3, 4]]) { $0[0].broadcast(to: [3, 4]) * $0[1] },
    OperationCase("broadcast both", [[3, 1], [1]]) { $0[0].broadcast(to: [3, 4]) * $0[1].broadcast(to: [3, 4]) },
    OperationCase("reshape", [[2, 6]]) { $0[0].reshaped(to: [3, -1]) },
    OperationCase("transpose", [[2, 3, 4]]) { $0[0].transposed([2, 0, 1]) },
    OperationCase("transpose of an extent of 1", [[2, 1, 4]]) { $0[0].transposed([1, 0, 2]) },
    OperationCase("concatenate", [[2, 3], [2, 1], [2, 4]]) { Symbol.concatenated($0, axis: 1) },
    OperationCase("concatenate with itself", [[2, 3]]) { Symbol.concatenated([$0[0], $0[0] * 2], axis: 0) },
    OperationCase("slice", [[2, 5, 3]]) { $0[0].sliced(axis: 1, 1..<4) },
    OperationCase("pad", [[2, 3, 2]]) { $0[0].padded(axis: 1, before: 2, after: 1) },
    OperationCase("gather", [[2, 4, 3]]) { $0[0].gathered(axis: 1, [3, 1, 1, 0, 3]) },
    OperationCase("gather rows", [[5, 20]]) { $0[0].gathered(axis: 0, [4, 2]) },
    OperationCase("gather columns", [[5, 4]]) { $0[0].gathered(axis: 1, [0, 2, 0]) },
    OperationCase("gather nothing", [[2, 4]]) { $0[0].gathered(axis: 1, []).sum(axes: [1]) + $0[0] },
    OperationCase("scatter", [[2, 4, 3]]) { $0[0].scattered(axis: 1, [5, 0, 0, 2], extent: 6) },
    OperationCase("scatter rows", [[3, 20]]) { $0[0].scattered(axis: 0, [1, 1, 0], extent: 2) },
  ]

  static let networks: [OperationCase] = [
    OperationCase("two layers", [[4, 3], [3, 6], [6, 2]]) { $0[0].matmul($0[1]).relu().matmul($0[2]).softmax() },
    OperationCase("attention", [[3, 5], [4, 5], [4, 2]]) {
      Symbol.attention(query: $0[0], key: $0[1], value: $0[2])
    },
    OperationCase("relu used twice", [[4, 3], [3, 6]]) {
      let hidden = $0[0].matmul($0[1])
      return hidden.relu() * hidden + hidden.relu()
    },
    OperationCase("convolutional", [[2, 1, 8, 8], [3, 1, 3, 3], [3]]) {
      let planes = $0[0].conv2d($0[1]) + $0[2].reshaped(to: [1, 3, 1, 1])
      return planes.averagePool2d(Pooling(window: 2)).relu().reshaped(to: [2, -1])
    },
    OperationCase("cross-entropy", [[4, 5], [4, 5]]) {
      let shifted = $0[0] - $0[0].max(axis: 1)
      let normaliser = shifted.exp().sum(axes: [1]).log()
      return (($0[1] * (normaliser - shifted)).sum(axes: [1])).mean(axes: [0])
    },
  ]
}

/// A small seeded generator (SplitMix64), so that failures repeat.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
