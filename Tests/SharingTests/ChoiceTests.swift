import Arithmetic
import Graphs
import Sharing
import Tensors
import TestSupport
import Testing

/// What chooses by secret bits is exact, and gradients use the bits of the way forward. Oracle: the plain engine, on numbers
/// that fixed point and floats hold exactly, with many ties and zeros.
@Suite struct ChoiceTests {
  static func check(_ builder: GraphBuilder, _ outputs: [Symbol], seed: Int) async throws -> Cost {
    let graph = builder.build(outputs)
    var generator = SeedTree(seed: 91).child(seed).generator()
    let names = graph.inputs.keys.sorted()
    let inputs = Dictionary(
      uniqueKeysWithValues: names.map { name in
        let shape = graph.nodes[graph.inputs[name] ?? 0].shape
        return (
          name, Tensor<Float>(shape: shape, scalars: (0..<shape.count).map { _ in Float(generator.choice(9) - 4) / 4 })
        )
      })
    let expected = try PlainEngine().run(graph, inputs: inputs)
    let encoded = try names.map {
      try inputs[$0, default: Tensor(repeating: 0, shape: [])].encoded(fractionBits: 16).ring
    }
    let clear = try await ClearHarness().evaluate(encoded) { scheme, shares in
      try await SecureEngine(scheme, fractionBits: 16).run(
        graph, inputs: Dictionary(uniqueKeysWithValues: zip(names, shares)))
    }
    let secret = try await ReplicatedHarness().evaluate(encoded) { scheme, shares in
      try await SecureEngine(scheme, fractionBits: 16).run(
        graph, inputs: Dictionary(uniqueKeysWithValues: zip(names, shares)))
    }
    for (index, exact) in expected.enumerated() {
      let numbers = exact.scalars.map(Double.init)
      #expect(mismatchCount(clear.values[index].reals(fractionBits: 16), numbers) == 0, "output \(index)")
      #expect(mismatchCount(secret.values[index].reals(fractionBits: 16), numbers) == 0, "output \(index)")
      #expect(secret.values[index].shape == exact.shape)
    }
    let metered = MeteredScheme(ReplicatedCosts())
    _ = try await SecureEngine(metered, fractionBits: 16).run(
      graph, inputs: graph.inputs.mapValues { metered.share(of: graph.nodes[$0].shape) })
    #expect(metered.traffic == secret.traffic)
    return secret.traffic
  }

  /// One comparison and one selection forward, one selection back: 12 rounds, 148.25 bytes a scalar.
  @Test func rectifiersKeepTheirBits() async throws {
    let b = GraphBuilder()
    let x = b.input("x", [64, 64])
    let cost = try await Self.check(
      b, [x.relu(), b.input("g", [64, 64]) * x.compared(.greater, to: b.constant(0))], seed: 1)
    #expect(cost.rounds == 12 && Double(cost.byteCount) == 148.25 * 4096)
  }

  /// Bits choose between two values without becoming numbers: 10 rounds, 108.25 bytes a scalar.
  @Test func selectionsUseBits() async throws {
    let b = GraphBuilder()
    let (x, y) = (b.input("x", [64, 64]), b.input("y", [64, 64]))
    let cost = try await Self.check(b, [x.compared(.lessOrEqual, to: y).select(y, x)], seed: 2)
    #expect(cost.rounds == 10 && Double(cost.byteCount) == 108.25 * 4096)
  }

  /// Relations that are results, that are used twice, that are broadcast, and that meet each other.
  @Test func otherRelations() async throws {
    let b = GraphBuilder()
    let (x, y, row) = (b.input("x", [5, 8]), b.input("y", [5, 8]), b.input("r", [1, 8]))
    let isEqual = x.compared(.equal, to: y)
    let isLess = row.compared(.less, to: b.constant(0))
    let isPositive = x.compared(.greater, to: b.constant(0))
    _ = try await Self.check(
      b,
      [
        isEqual, isEqual.select(x, y), isEqual * y, isLess * x, isLess.select(x, y), isPositive * isLess,
        isPositive * x,
        isPositive, x.relu(), x.compared(.notEqual, to: y).select(y, x), isPositive * b.constant(2),
        y.compared(.less, to: x) * x,
      ], seed: 3)
  }

  @Test(arguments: [(2, 2), (3, 2), (2, 1), (1, 1)])
  func poolingKeepsItsChoice(window: Int, stride: Int) async throws {
    let pooling = Pooling(window: window, stride: stride)
    for isForwardNeeded in [true, false] {
      let b = GraphBuilder()
      let x = b.input("x", [2, 3, 7, 6])
      let pooled = x.maxPool2d(pooling)
      let gradient = x.maxPool2dGradient(b.input("g", pooled.shape), pooling)
      _ = try await Self.check(b, isForwardNeeded ? [pooled, gradient] : [gradient], seed: 4)
    }
  }

  @Test func placesOfMaxima() async throws {
    let b = GraphBuilder()
    let x = b.input("x", [6, 10])
    _ = try await Self.check(b, [x.argmax(axis: 1), x.argmax(axis: 0), x.max(axis: 1)], seed: 5)
  }
}
