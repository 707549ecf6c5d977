import Graphs
import Sharing
import Tensors
import TestSupport
import Testing

/// Inputs of which every party brings a summand by itself.
@Suite struct OwnInputTests {
  /// Oracle: the sum in integers. A product and a share are each truncated once, to one of two neighbours.
  @Test func everyPartysSummandCounts() async throws {
    let builder = GraphBuilder()
    let (x, y) = (builder.input("x", [2, 3]), builder.input("y", [3, 4]))
    let noise = (builder.input("first", [2, 4]), builder.input("second", [2, 3]))
    let graph = builder.build([x.matmul(y) + noise.0, noise.1 + x])
    let (a, b) = (Tensor<Float>(repeating: 0.75, shape: [2, 3]), Tensor<Float>(repeating: -1.5, shape: [3, 4]))
    let inputs = try [a, b].map { try $0.encoded(fractionBits: 20).ring }
    let (values, _) = try await ReplicatedHarness().evaluate(inputs) { scheme, shares in
      let brought = UInt64(scheme.party + 1) << 22
      let own = [
        "first": RingTensor(repeating: brought, shape: [2, 4]),
        "second": RingTensor(repeating: 0 &- brought, shape: [2, 3]),
      ]
      return try await SecureEngine(scheme, fractionBits: 20)
        .run(graph, inputs: ["x": shares[0], "y": shares[1]], own: own)
    }
    // (1 + 2 + 3) · 4 = 24.
    #expect(values[0].reals(fractionBits: 20).allSatisfy { abs($0 - (24 - 3.375)) <= 0x1p-20 })
    #expect(values[1].reals(fractionBits: 20).allSatisfy { abs($0 - (0.75 - 24)) <= 0x1p-20 })
  }

  @Test func canOnlyBeAdded() async throws {
    func misuse(_ body: (Symbol, Symbol) -> [Symbol]) -> Graph {
      let builder = GraphBuilder()
      return builder.build(body(builder.input("x", [2]), builder.input("own", [2])))
    }
    let graphs = [
      misuse { x, own in [x * own] }, misuse { x, own in [x + own, own] }, misuse { x, own in [x + own, x - own] },
      misuse { _, own in [own + own] },
    ]
    let own = ["own": RingTensor(repeating: 1, shape: [2])]
    for graph in graphs {
      await #expect(throws: SharingError.ownInputMisused("own")) {
        let scheme = ClearScheme()
        let x = scheme.constant(RingTensor(repeating: 1, shape: [2]))
        _ = try await SecureEngine(scheme, fractionBits: 16).run(graph, inputs: ["x": x], own: own)
      }
    }
    let sum = misuse { x, own in [x + own] }
    await #expect(throws: SharingError.wrongShape("own", expected: [2], given: [3])) {
      let scheme = ClearScheme()
      let x = scheme.constant(RingTensor(repeating: 1, shape: [2]))
      _ = try await SecureEngine(scheme, fractionBits: 16)
        .run(sum, inputs: ["x": x], own: ["own": RingTensor(repeating: 1, shape: [3])])
    }
  }
}
