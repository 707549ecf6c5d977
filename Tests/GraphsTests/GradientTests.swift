import Graphs
import Tensors
import Testing

/// Gradients against central differences of the reference interpreter, in double precision.
@Suite struct GradientTests {
  @Test(arguments: OperationCase.all)
  func agreesWithCentralDifferences(operation: OperationCase) throws {
    let (inputs, result) = operation.graph()
    let sources = (operation.differentiable ?? Array(inputs.indices)).map { inputs[$0] }
    let loss = weightedSum(of: result)
    let gradients = try loss.gradients(by: sources)
    try check(operation, loss: loss, sources: sources, gradients: gradients, seed: 11)
  }

  /// The gradient of the gradient: of the squared norm of the first one.
  @Test(arguments: OperationCase.all)
  func secondOrder(operation: OperationCase) throws {
    let (inputs, result) = operation.graph()
    let sources = (operation.differentiable ?? Array(inputs.indices)).map { inputs[$0] }
    let first = try weightedSum(of: result).gradients(by: sources)
    let norm = first.map { ($0 * $0).sum(axes: Array($0.shape.extents.indices)).reshaped(to: []) }
    let loss = norm.dropFirst().reduce(norm[0], +)
    if operation.description.hasPrefix("maxPool2d") {
      #expect(throws: GraphError.notDifferentiable("maxPool2dGradient", layer: "")) { try loss.gradients(by: sources) }
    } else {
      let gradients = try loss.gradients(by: sources)
      try check(operation, loss: loss, sources: sources, gradients: gradients, seed: 13)
    }
  }

  /// A scalar that weighs every scalar of the result differently, so that no mistake cancels.
  private func weightedSum(of result: Symbol) -> Symbol {
    let weights = result.builder.input("weights", result.shape)
    return (result * weights).sum(axes: Array(result.shape.extents.indices)).reshaped(to: [])
  }

  private func check(
    _ operation: OperationCase, loss: Symbol, sources: [Symbol], gradients: [Symbol], seed: UInt64
  ) throws {
    let graph = loss.builder.build([loss] + gradients)
    let lossOnly = loss.builder.build([loss])
    var values = operation.values(seed: seed)
    var random = SplitMix(state: seed ^ 0xFFFF)
    values["weights"] = graph.shape(ofInput: "weights").map { shape in
      Tensor(shape: shape, scalars: (0..<shape.count).map { _ in Double.random(in: 0.5...1.5, using: &random) })
    }
    let interpreter = ReferenceInterpreter()
    let analytic = interpreter.run(graph, values).dropFirst()
    for (source, gradient) in zip(sources, analytic) {
      guard case .input(let name) = graph.nodes[source.node].operation, let value = values[name] else {
        Issue.record("a source is no input")
        continue
      }
      #expect(gradient.shape == value.shape)
      for position in (0..<value.count).shuffled(using: &random).prefix(8) {
        func loss(at offset: Double) -> Double {
          var moved = values
          moved[name]?.withScalars { $0[position] += offset }
          return interpreter.run(lossOnly, moved)[0].scalars[0]
        }
        let step = 1e-5  // error of a central difference: O(step²), and 1e-16 / step of rounding
        let numeric = (loss(at: step) - loss(at: -step)) / (2 * step)
        let found = gradient.scalars[position]
        #expect(abs(found - numeric) < 1e-6 * max(1, abs(numeric)), "\(operation), \(name)[\(position)], seed \(seed)")
      }
    }
  }

  @Test func unrelatedNodesHaveGradientZero() throws {
    let builder = GraphBuilder()
    let (x, y) = (builder.input("x", [2]), builder.input("y", [3, 2]))
    let gradients = try (x * x).sum(axes: [0]).gradients(by: [y, x])
    let graph = builder.build(gradients)
    #expect(graph.nodes[graph.outputs[0]].operation == .constant(0))
    #expect(graph.nodes[graph.outputs[0]].shape == [3, 2])
  }

  @Test func noGradientIsEmittedForWhatNobodyAskedFor() throws {
    let builder = GraphBuilder()
    let (x, w) = (builder.input("x", [8, 1, 6, 6]), builder.input("w", [2, 1, 3, 3]))
    _ = try x.conv2d(w).gradients(by: [w])
    #expect(!builder.build([]).nodes.contains { if case .conv2dInputGradient = $0.operation { true } else { false } })
  }

  @Test func reluGradientHasTheDocumentedForm() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [4])
    let gradient = try x.relu().gradients(by: [x])[0]
    let graph = builder.build([gradient])
    let product = graph.nodes[gradient.node]
    #expect(product.operation == .multiply)
    let comparison = graph.nodes[product.operands[1]]
    #expect(comparison.operation == .compare(.greater))
    #expect(comparison.operands[0] == x.node)
    #expect(graph.nodes[comparison.operands[1]].operation == .constant(0))
    #expect(graph.nodes[comparison.operands[1]].shape == [])
  }

  @Test func upstreamGradientIsTheSeed() throws {
    let builder = GraphBuilder()
    let (x, g) = (builder.input("x", [3]), builder.input("g", [3]))
    let gradient = try x.exp().gradients(by: [x], upstream: g)[0]
    let values: [String: Tensor<Double>] = [
      "x": Tensor(shape: [3], scalars: [0, 1, -1]), "g": Tensor(shape: [3], scalars: [2, 3, 5]),
    ]
    let found = ReferenceInterpreter().run(builder.build([gradient]), values)[0].scalars
    for (a, b) in zip(found, [2, 3 * 2.718_281_828_459_045, 5 / 2.718_281_828_459_045]) { #expect(abs(a - b) < 1e-12) }
    #expect(throws: GraphError.self) { try x.sum(axes: [0]).gradients(by: [x], upstream: g) }
  }
}
