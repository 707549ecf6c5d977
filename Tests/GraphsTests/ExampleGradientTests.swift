import Graphs
import Tensors
import Testing

/// A model over a batch: weights by name, and what one example's row becomes.
struct ExampleCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let example: Shape
  let weights: [(name: String, shape: Shape)]
  let build: @Sendable (Symbol, [Symbol]) -> Symbol

  init(
    _ name: String, _ example: Shape, _ weights: [Shape], _ build: @escaping @Sendable (Symbol, [Symbol]) -> Symbol
  ) {
    testDescription = name
    self.example = example
    self.weights = weights.enumerated().map { ("w\($0.offset)", $0.element) }
    self.build = build
  }

  static let strided = Convolution(strideHeight: 2, strideWidth: 1, paddingHeight: 1, paddingWidth: 2)

  static let all = [
    ExampleCase("dense", [5], [[5, 4], [4]]) { ($0.matmul($1[0]) + $1[1]).tanh() },
    ExampleCase("dense, stored transposed", [5], [[4, 5], [1, 4]]) { $0.matmul($1[0], transposeRight: true) + $1[1] },
    ExampleCase("two dense layers", [5], [[5, 6], [6], [6, 3], [3]]) {
      ($0.matmul($1[0]) + $1[1]).relu().matmul($1[2]) + $1[3]
    },
    ExampleCase("convolution", [2, 6, 5], [[3, 2, 3, 3], [3]]) {
      ($0.conv2d($1[0], Convolution(padding: 1)) + $1[1].reshaped(to: [1, 3, 1, 1])).relu()
    },
    ExampleCase("strided convolution", [2, 6, 5], [[3, 2, 3, 2], [3]]) {
      $0.conv2d($1[0], strided) + $1[1].reshaped(to: [3, 1, 1])
    },
    ExampleCase("pointwise convolution", [4, 3, 3], [[5, 4, 1, 1]]) { $0.conv2d($1[0]).tanh() },
    ExampleCase("convolution of few positions", [40, 3, 3], [[50, 40, 2, 2]]) { $0.conv2d($1[0]).tanh() },
    ExampleCase("pooled convolutions", [1, 9, 9], [[2, 1, 2, 2], [3, 2, 2, 2], [12, 2]]) {
      let hidden = $0.conv2d($1[0]).averagePool2d(Pooling(window: 2)).relu()
      let last = hidden.conv2d($1[1]).maxPool2d(Pooling(window: 2, stride: 1)).tanh()
      return last.reshaped(to: [-1, 12]).matmul($1[2])
    },
    ExampleCase("group normalisation", [4, 3, 3], [[4], [4]]) {
      let groups = $0.reshaped(to: [-1, 2, 18])
      let centred = groups - groups.mean(axes: [2])
      let deviation = (centred * centred).mean(axes: [2]) + 1e-5
      let normal = (centred * deviation.inverseSquareRoot()).reshaped(to: [-1, 4, 3, 3])
      return (normal * $1[0].reshaped(to: [1, 4, 1, 1]) + $1[1].reshaped(to: [1, 4, 1, 1])).gelu()
    },
    ExampleCase("dense, used twice", [4], [[4, 4], [4]]) {
      let hidden = ($0.matmul($1[0]) + $1[1]).tanh()
      return hidden.matmul($1[0], transposeRight: true) + $1[1]
    },
    ExampleCase("convolution, used twice", [2, 5, 5], [[2, 2, 3, 3], [2]]) {
      let bias = $1[1].reshaped(to: [1, 2, 1, 1])
      let hidden = ($0.conv2d($1[0], Convolution(padding: 1)) + bias).relu()
      return hidden.conv2d($1[0]) + bias
    },
    ExampleCase("scaled by a number", [6], [[], [6, 2]]) { ($0 * $1[0]).matmul($1[1]) },
    ExampleCase("not used", [3], [[3], [2, 2]]) { $0 * $1[0] },
  ]
}

/// Norms and weighted sums of examples' gradients. Oracle: the usual gradients of batches of one, to 1e-5 relative.
@Suite struct ExampleGradientTests {
  private static let examples = 5

  @Test(arguments: ExampleCase.all) func agreesWithMicroBatches(_ example: ExampleCase) throws {
    var random = SplitMix(state: 3)
    func draw(_ shape: Shape) -> Tensor<Float> {
      Tensor(shape: shape, scalars: (0..<shape.count).map { _ in Float.random(in: -1...1, using: &random) })
    }
    let batch = GraphBuilder()
    let (x, weights, outputs) = model(example, batch, examples: Self.examples)
    let upstream = batch.input("upstream", outputs.shape)
    let gradients = try ExampleGradients(of: outputs, upstream: upstream, by: weights)
    let factors = weights.indices.map { batch.input("factor\($0)", [Self.examples]) }
    let sums = try gradients.weightedSums(factors)
    var inputs = Dictionary(uniqueKeysWithValues: example.weights.map { ($0.name, draw($0.shape)) })
    inputs["x"] = draw(x.shape)
    inputs["upstream"] = draw(outputs.shape)
    for index in weights.indices { inputs["factor\(index)"] = draw([Self.examples]) }
    let graph = batch.build(gradients.squaredNorms + sums)
    let found = try PlainEngine().run(graph, inputs: inputs.filter { graph.inputs[$0.key] != nil })

    let single = GraphBuilder()
    let (_, ownWeights, output) = model(example, single, examples: 1)
    let own = try output.gradients(by: ownWeights, upstream: single.input("upstream", output.shape))
    let program = single.build(own)
    var expected = weights.map { [Double](repeating: 0, count: $0.shape.count) }
    for row in 0..<Self.examples {
      var one = inputs.filter { program.inputs[$0.key] != nil }
      for name in ["x", "upstream"] { one[name] = inputs[name]?.sliced(axis: 0, row..<(row + 1)) }
      for (index, gradient) in try PlainEngine().run(program, inputs: one).enumerated() {
        let norm = gradient.scalars.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs(Double(found[index].scalars[row]) - norm) <= 1e-5 * (norm + 1e-3))
        let factor = Double(inputs["factor\(index)"]?.scalars[row] ?? 0)
        for (place, scalar) in gradient.scalars.enumerated() { expected[index][place] += factor * Double(scalar) }
      }
    }
    for (index, expected) in expected.enumerated() {
      let sum = found[weights.count + index]
      #expect(sum.shape == weights[index].shape)
      let size = expected.map(abs).max() ?? 0
      for (a, b) in zip(sum.scalars, expected) { #expect(abs(Double(a) - b) <= 1e-5 * (size + 1e-2)) }
    }
  }

  private func model(
    _ example: ExampleCase, _ builder: GraphBuilder, examples: Int
  ) -> (x: Symbol, weights: [Symbol], outputs: Symbol) {
    let x = builder.input("x", Shape([examples] + example.example.extents))
    let weights = example.weights.map { builder.input($0.name, $0.shape) }
    return (x, weights, example.build(x, weights))
  }

  /// Large kernels' gradients are not kept, and their norms come out the same.
  @Test func normsWithoutGradients() throws {
    for (channels, filters, size) in [(3, 4, 9), (40, 50, 3)] {
      let builder = GraphBuilder()
      let x = builder.input("x", [3, channels, size, size])
      let g = builder.input("g", [3, filters, size - 1, size - 1])
      let norms = x.conv2dExampleNorms(g, Convolution(), kernelHeight: 2, kernelWidth: 2)
      let kept = x.conv2dExampleGradients(g, Convolution(), kernelHeight: 2, kernelWidth: 2)
      #expect(kept.shape == [3, filters, channels, 2, 2])
      let squares = (kept * kept).sum(axes: [1, 2, 3, 4]).reshaped(to: [3])
      var random = SplitMix(state: 7)
      func draw(_ shape: Shape) -> Tensor<Float> {
        Tensor(shape: shape, scalars: (0..<shape.count).map { _ in Float.random(in: -1...1, using: &random) })
      }
      let results = try PlainEngine().run(
        builder.build([norms, squares]), inputs: ["x": draw(x.shape), "g": draw(g.shape)])
      for (a, b) in zip(results[0].scalars, results[1].scalars) { #expect(abs(a - b) <= 1e-5 * b) }
    }
  }

  @Test func batchStatisticsAreRefused() throws {
    let builder = GraphBuilder()
    builder.layer = "norm"
    let x = builder.input("x", [4, 3])
    let weight = builder.input("w", [3])
    let normal = (x - x.mean(axes: [0])) * weight
    #expect {
      try ExampleGradients(of: normal, upstream: builder.input("g", [4, 3]), by: [weight])
    } throws: {
      if case .mixesExamples(_, layer: "norm") = $0 as? GraphError { true } else { false }
    }
  }

  /// A weight that would meet another example's row.
  @Test func mixingProductsAreRefused() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [4, 4])
    let weight = builder.input("w", [4, 4])
    for mixed in [weight.matmul(x), x.transposed([1, 0]).matmul(weight), x.matmul(x) * weight, x * weight] {
      #expect(throws: GraphError.self) {
        try ExampleGradients(of: mixed, upstream: builder.input("g", [4, 4]), by: [weight])
      }
    }
  }
}
