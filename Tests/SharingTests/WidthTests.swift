import Arithmetic
import Foundation
import Graphs
import Sharing
import Tensors
import TestSupport
import Testing

/// Comparison widths that a range analysis proves. Oracle: the plain engine within the bounds of ``checkGraph``, which
/// an overflowing comparison would miss by far.
@Suite struct WidthTests {
  static func proven(
    _ graph: Graph, _ range: ClosedRange<Float>, fractionBits: Int = 16
  ) throws -> (widths: ComparisonWidths, magnitudes: [Double]) {
    let declared = InputBound.range(try InputRange(range))
    let ranges = try RangeAnalysis(graph, inputs: graph.inputs.mapValues { _ in declared }, fractionBits: fractionBits)
    return (
      ComparisonWidths(proving: ranges, of: graph, fractionBits: fractionBits), ranges.intervals.map(\.magnitude)
    )
  }

  @Test(arguments: 0..<20) func randomGraphsAreExactOnProvenWidths(seed: Int) async throws {
    var generator = SeedTree(seed: 71).child(seed).generator()
    let (graph, inputs) = try RandomGraphTests.graph(&generator, nodeCount: 8)
    // What is drawn may divide by an interval around 0; such programs are refused by their range.
    guard let bounds = try? Self.proven(graph, -2...2) else { return }
    #expect(bounds.widths.fit(graph))
    try await checkGraph(graph, inputs: inputs, widths: bounds.widths)
  }

  /// Inputs reach both ends of the range.
  @Test(arguments: [(0.4, 17), (9, 24), (127, 24), (200, 32), (32_000, 32)] as [(Float, Int)])
  func widthsFollowTheDeclaredRange(top: Float, width: Int) async throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [40])
    let small = x * (8 / top)
    let graph = builder.build([
      x.relu(), (x * 0.5).compared(.less, to: builder.input("y", [40]) * 0.25), (x * 0.5).max(axis: 0), x.sigmoid(),
      (x * 0.5).tanh(), small.exp(), small.softmax(),
    ])
    let widths = try Self.proven(graph, -top...top).widths
    let relu = graph.nodes.firstIndex { $0.operation == .relu } ?? 0
    #expect(widths.byNode[relu] == width)
    let values = Tensor<Float>(shape: [40], scalars: (0..<40).map { top * (Float($0) / 19.5 - 1) })
    try await checkGraph(graph, inputs: ["x": values, "y": values], widths: widths)
  }

  /// Values at the very end of the range, the nets' usual depths.
  @Test func narrowComparisonsSendLess() async throws {
    let builder = GraphBuilder()
    let graph = builder.build([(builder.input("x", [512]) * 2).relu()])
    let inputs = ["x": Tensor<Float>(shape: [512], scalars: (0..<512).map { Float($0) / 4 - 64 })]
    let narrow = try await checkGraph(graph, inputs: inputs, widths: try Self.proven(graph, -64...64).widths)
    let wide = try await checkGraph(graph, inputs: inputs)
    #expect(narrow.rounds == wide.rounds - 1 && narrow.byteCount < wide.byteCount * 7 / 10)
  }

  @Test func whatCannotBeHeldIsRefusedByLayer() async throws {
    let builder = GraphBuilder()
    builder.layer = "big"
    let x = builder.input("x", [1, 100])
    let product = x.matmul(builder.input("w", [100, 1]))
    let graph = builder.build([product.relu()])
    func refusal(_ top: Float) async throws -> SharingError? {
      let magnitudes = try Self.proven(graph, -top...top).magnitudes
      do {
        _ = try await SecurePlan.query(graph, dataInput: "x", fractionBits: 16, magnitudes: magnitudes)
        return nil
      } catch let error as SharingError { return error }
    }
    #expect(try await refusal(3000) == nil)
    guard case .outOfRange(let layer, let operation, _, let limit) = try await refusal(4000) else {
      Issue.record("4000 · 4000 · 100 was planned")
      return
    }
    #expect(layer == "big" && operation == "matmul" && limit == 0x1p30)
  }

  @Test func strangeWidthsDoNotFit() throws {
    let builder = GraphBuilder()
    let graph = builder.build([builder.input("x", [2]).relu()])
    for text in [
      #"{"byNode": [24], "standard": 64}"#, #"{"byNode": [24, 1], "standard": 64}"#,
      #"{"byNode": [], "standard": 65}"#, #"{"byNode": [64, 99], "standard": 64}"#,
    ] {
      #expect(!(try JSONDecoder().decode(ComparisonWidths.self, from: Data(text.utf8))).fit(graph))
    }
    #expect(ComparisonWidths.full.fit(graph))
  }
}
