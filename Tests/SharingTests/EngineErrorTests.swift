import Graphs
import Sharing
import Tensors
import TestSupport
import Testing

/// Programs and inputs that do not fit end in the documented error.
@Suite struct EngineErrorTests {
  static func run(_ graph: Graph, inputs: [String: RingTensor] = [:], fractionBits: Int = 16) async throws {
    let scheme = ClearScheme()
    _ = try await SecureEngine(scheme, fractionBits: fractionBits).run(graph, inputs: inputs.mapValues(scheme.constant))
  }

  @Test func inputsAreChecked() async throws {
    let builder = GraphBuilder()
    let graph = builder.build([builder.input("x", [2, 3]) + builder.input("y", [2, 3])])
    let good = RingTensor(repeating: 0, shape: [2, 3])
    await #expect(throws: SharingError.missingShare("y")) { try await Self.run(graph, inputs: ["x": good]) }
    let bad = RingTensor(repeating: 0, shape: [3, 2])
    await #expect(throws: SharingError.wrongShape("y", expected: [2, 3], given: [3, 2])) {
      try await Self.run(graph, inputs: ["x": good, "y": bad])
    }
    try await Self.run(graph, inputs: ["x": good, "y": good, "z": bad])
  }

  /// Public numbers without a fixed-point form are refused, not converted: programs come from files and clients.
  @Test(arguments: [Float.nan, .infinity, -.infinity, 1e30, -1e30, 0x1p46])
  func publicNumbersAreChecked(number: Float) async throws {
    var graph = Graph()
    let constant = graph.appendConstant(number, [2], layer: "mask")
    try graph.setOutputs([constant])
    await #expect(throws: SharingError.self) { try await Self.run(graph) }
    guard number.isFinite else { return }
    for operation in [Operation.scale(number), .shift(number)] {
      var graph = Graph()
      let input = try graph.appendInput("x", [2])
      try graph.setOutputs([try graph.append(operation, [input], layer: "mask")])
      await #expect(throws: SharingError.self) {
        try await Self.run(graph, inputs: ["x": RingTensor(repeating: 1, shape: [2])])
      }
    }
  }

  /// Also where they become too large only together.
  @Test func sumsOfPublicNumbersAreChecked() async throws {
    var graph = Graph()
    var node = graph.appendConstant(0x1p45, [2])
    for _ in 0..<20 { node = try graph.append(.shift(0x1p45), [node]) }
    try graph.setOutputs([node])
    await #expect(throws: SharingError.self) { try await Self.run(graph) }
  }

  @Test func largestPublicNumbersAreAccepted() async throws {
    var graph = Graph()
    let constant = graph.appendConstant(0x1.fffffep45, [2])
    let input = try graph.appendInput("x", [2])
    let scaled = try graph.append(.scale(-0x1.fffffep45), [input])
    try graph.setOutputs([constant, scaled])
    try await Self.run(graph, inputs: ["x": RingTensor(repeating: 1, shape: [2])])
  }
}
