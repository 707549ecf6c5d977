import Arithmetic
import Graphs
import Sharing
import Tensors
import TestSupport
import Testing

/// Every kind of layer on the secure engine.
@Suite struct LayerTests {
  struct Layer: Sendable, CustomTestStringConvertible {
    let name: String
    let build: @Sendable (GraphBuilder) -> [Symbol]

    init(_ name: String, _ build: @escaping @Sendable (GraphBuilder) -> [Symbol]) {
      self.name = name
      self.build = build
    }

    var testDescription: String { name }
  }

  static let strided = Convolution(strideHeight: 2, strideWidth: 1, paddingHeight: 1, paddingWidth: 2)

  static let layers: [Layer] = [
    Layer("dense") { [$0.input("x", [6, 20]).matmul($0.input("w", [20, 7])) + $0.input("b", [7])] },
    Layer("dense, transposed") { b in
      [
        b.input("x", [5, 6]).matmul(b.input("w", [5, 7]), transposeLeft: true),
        b.input("x", [5, 6]).matmul(b.input("v", [4, 6]), transposeRight: true),
      ]
    },
    Layer("two dense layers with relu") { b in
      let hidden = (b.input("x", [6, 20]).matmul(b.input("w", [20, 30])) + b.input("b", [30])).relu()
      return [hidden.matmul(b.input("v", [30, 3])) + b.input("c", [3])]
    },
    Layer("convolution") { [$0.input("x", [5, 3, 9, 8]).conv2d($0.input("w", [4, 3, 3, 3]))] },
    Layer("convolution with strides and padding") {
      [$0.input("x", [5, 3, 9, 8]).conv2d($0.input("w", [4, 3, 3, 5]), strided) + $0.input("b", [4, 1, 1])]
    },
    Layer("convolution over many small planes") {
      [$0.input("x", [70, 2, 4, 4]).conv2d($0.input("w", [3, 2, 2, 2]), Convolution(stride: 2))]
    },
    Layer("convolution gradients") { b in
      let (x, w) = (b.input("x", [5, 3, 9, 8]), b.input("w", [4, 3, 3, 5]))
      let g = b.input("g", x.conv2d(w, strided).shape)
      return [
        g.conv2dInputGradient(w, strided, height: 9, width: 8),
        x.conv2dWeightGradient(g, strided, kernelHeight: 3, kernelWidth: 5),
      ]
    },
    Layer("average pooling") { b in
      let x = b.input("x", [2, 3, 9, 8])
      return [x.averagePool2d(Pooling(window: 3)), x.averagePool2d(Pooling(window: 4, stride: 2))]
    },
    Layer("average pooling gradient") { b in
      let g = b.input("g", [2, 3, 3, 2])
      return [
        g.averagePool2dGradient(Pooling(window: 3), height: 9, width: 8),
        b.input("h", [1, 1, 4, 3]).averagePool2dGradient(Pooling(window: 3, stride: 2), height: 9, width: 8),
      ]
    },
    Layer("max pooling") { b in
      let x = b.input("x", [2, 3, 9, 8])
      return [x.maxPool2d(Pooling(window: 2)), x.maxPool2d(Pooling(window: 3, stride: 2)).relu()]
    },
    Layer("convolution, average pooling, bias, relu") { b in
      let planes = b.input("x", [2, 1, 8, 8]).conv2d(b.input("w", [4, 1, 3, 3]), Convolution(padding: 1))
      return [(planes.averagePool2d(Pooling(window: 2)) + b.input("b", [4, 1, 1])).relu()]
    },
    Layer("relu, sigmoid, tanh, exp") { b in
      let x = b.input("x", [7, 5])
      return [x.relu(), x.sigmoid(), x.tanh(), x.exp(), x.relu().sigmoid()]
    },
    Layer("gelu, its gradient, logarithm, inverse square root") { b in
      let x = b.input("x", [7, 5])
      let positive = x * x + 0.5
      return [x.gelu(), x.geluGradient(), positive.log(), positive.inverseSquareRoot(), x.logSoftmax()]
    },
    Layer("softmax") { [$0.input("x", [6, 10]).softmax(), $0.input("y", [2, 3, 4]).softmax()] },
    Layer("compare") { b in
      Comparison.allCases.map { b.input("x", [5, 8]).compared($0, to: b.input("y", [8])) }
        + [b.input("x", [5, 8]).compared(.equal, to: b.input("x", [5, 8]))]
    },
    Layer("select") { b in
      let (x, y) = (b.input("x", [5, 8]), b.input("y", [5, 1]))
      return [x.compared(.less, to: y).select(x, y), x.compared(.greater, to: y).select(y * 2, b.constant(3))]
    },
    Layer("divide") { b in
      let divisor = b.input("x", [5, 8]).relu() + 1.5
      return [b.input("y", [5, 8]) / divisor, divisor.reciprocal(), b.constant(2, [5, 8]) / divisor]
    },
    Layer("sums and means") { b in
      let x = b.input("x", [4, 6, 5])
      return [x.sum(axes: [0, 2]), x.mean(axes: [1]), x.mean(axes: [0]), x.mean(axes: [0, 1, 2]), x.max(axis: 1)]
    },
    Layer("constants") { b in
      let x = b.input("x", [4, 6])
      let half = b.constant(0.5, [4, 6])
      return [
        x * half, half * x, x * b.constant(3), x + half, half - x, -half, half + 0.25, half, half.relu(), x * 0,
        b.constant(0.1) * x, x * -0.25, (half + 1) * x,
      ]
    },
    Layer("scales") { b in
      let x = b.input("x", [4, 6])
      return [x * 0.1, x * -3, x * 0.125, x * 1e-6, x * 1000.5, (x * 0.3) * 0.3 + x, x * x * 0.25 + 1, x * 1e-30]
    },
    Layer("attention") { b in
      [Symbol.attention(query: b.input("q", [3, 8]), key: b.input("k", [5, 8]), value: b.input("v", [5, 4]))]
    },
    Layer("gather, scatter and powers") { b in
      let x = b.input("x", [4, 6])
      let product = x * x
      return [
        x.gathered(axis: 1, [5, 0, 5]), product.gathered(axis: 0, [2]), x.scattered(axis: 0, [1, 1, 0, 2], extent: 3),
        product.scattered(axis: 1, [0, 3, 3, 3, 1, 4], extent: 5), x.power(1), x.power(2), x.power(3), product.power(2),
        b.constant(2, [4, 6]).gathered(axis: 1, [0, 1]).power(5),
      ]
    },
    Layer("structure") { b in
      let x = b.input("x", [4, 6])
      let product = x * x
      let joined = Symbol.concatenated([product, x], axis: 1)
      return [
        joined, product.transposed([1, 0]), product.sliced(axis: 1, 2..<5), x.padded(axis: 0, before: 1, after: 2),
        product.reshaped(to: [3, -1]), b.input("y", [1, 6]).broadcast(to: [4, 6]) + product,
        product.padded(axis: 1, before: 0, after: 1),
      ]
    },
    Layer("products of products") { b in
      let (x, y) = (b.input("x", [4, 6]), b.input("y", [4, 6]))
      return [x * y + x * x, (x * y) * x, x * y - y, (x * y * 0.5) + x * x, -(x * y) + 2]
    },
  ]

  static func inputs(of graph: Graph, seed: UInt64, in range: ClosedRange<Float> = -2...2) -> [String: Tensor<Float>] {
    var generator = SeedTree(seed: seed).generator()
    return Dictionary(
      uniqueKeysWithValues: graph.inputs.sorted { $0.value < $1.value }.map { name, node in
        (name, generator.floats(graph.nodes[node].shape, in: range))
      })
  }

  @Test(arguments: layers, [12, 16, 24])
  func layer(_ layer: Layer, fractionBits: Int) async throws {
    let builder = GraphBuilder()
    let graph = builder.build(layer.build(builder))
    try await checkGraph(graph, inputs: Self.inputs(of: graph, seed: 51), fractionBits: fractionBits)
  }

  /// Comparisons on few bits give the same where the values fit.
  @Test(arguments: layers, [24, 32])
  func narrowLayer(_ layer: Layer, width: Int) async throws {
    let builder = GraphBuilder()
    let graph = builder.build(layer.build(builder))
    try await checkGraph(graph, inputs: Self.inputs(of: graph, seed: 52), widths: .uniform(width))
  }

  /// Many fraction bits and long sums: what is added to or averaged with a product must not leave its range.
  @Test(arguments: [16, 20, 24])
  func largeValuesAtManyFractionBits(fractionBits: Int) async throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [1000, 3])
    let graph = builder.build([
      x.mean(axes: [0]), x * 1e-6 + x, x * 1e-6 + 500, (x * 0.001 - x) * 0.001, x.sum(axes: [1]) * 0.0001,
    ])
    try await checkGraph(
      graph, inputs: Self.inputs(of: graph, seed: 53, in: 400...1500), fractionBits: fractionBits)
  }
}
