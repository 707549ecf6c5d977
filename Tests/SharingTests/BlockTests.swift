import Arithmetic
import Graphs
import Sharing
import Tensors
import TestSupport
import Testing

/// Work that goes through in blocks. Oracle: the plain engine within the bounds of ``checkGraph``, which compares the traffic
/// with the plan's, too.
@Suite struct BlockTests {
  @Test(arguments: 0..<8) func randomGraphs(seed: Int) async throws {
    var generator = SeedTree(seed: 72).child(seed).generator()
    let (graph, inputs) = try RandomGraphTests.graph(&generator, nodeCount: 8)
    try await checkGraph(
      graph, inputs: inputs, additiveParties: [2], inFewRounds: true, blockCount: [50, 64, 100, 1000][seed % 4])
  }

  /// A rectifier of eight blocks: operand, result and its parts, two words a scalar, and one block's messages.
  @Test func memoryIsThatOfOneBlock() async throws {
    let builder = GraphBuilder()
    let count = 8 * BlockSize.standard
    let graph = builder.build([builder.input("x", [1, count]).relu()])
    let plan = try await SecurePlan.query(graph, dataInput: "x", fractionBits: 16)
    #expect(plan.peakMemoryBytes < 3 * 16 * count + 120 * BlockSize.standard)
    #expect(plan.layers.first { $0.operation == "relu" }?.rounds == 8 * 10)
  }

  /// Rectifiers, with the bits that their gradients use, and products.
  @Test func roundsAreThoseOfTheBlocks() async throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [30, 5])
    let graph = builder.build([x.relu(), x * x])
    let inputs = ["x": Tensor<Float>(shape: [30, 5], scalars: (0..<150).map { Float($0) / 25 - 3 })]
    let whole = try await checkGraph(graph, inputs: inputs)
    let blocks = try await checkGraph(graph, inputs: inputs, blockCount: 64)
    #expect(blocks.rounds == 3 * whole.rounds)
    // Bits travel in whole bytes.
    #expect(blocks.byteCount >= whole.byteCount && blocks.byteCount < whole.byteCount * 11 / 10)
  }
}
