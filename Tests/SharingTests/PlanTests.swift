import Graphs
import Sharing
import Tensors
import Testing

@Suite struct PlanTests {
  /// Counted by hand: of a chain of matrix products only the last two values are alive beside the inputs.
  @Test func memoryFollowsTheLivesOfValues() async throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [8, 8])
    let w = builder.input("w", [8, 8])
    var value = x
    for _ in 0..<6 { value = value.matmul(w) }
    let graph = builder.build([value])
    let plan = try await SecurePlan.query(graph, dataInput: "x", fractionBits: 16)
    // A truncation: x, w, the product and its quotient, and 30 bytes a scalar of messages, by three parties, thrice.
    let scalars = 64 * 4
    #expect(plan.peakMemoryBytes == scalars * 16 + 3 * (64 * 30 / 3))
  }
}
