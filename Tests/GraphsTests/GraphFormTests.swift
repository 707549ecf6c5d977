import Foundation
import Graphs
import Tensors
import Testing

/// The wire form of graphs, and what shape inference refuses: operations come from files and peers.
@Suite struct GraphFormTests {
  @Test(arguments: OperationCase.all)
  func everyOperationTravels(operation: OperationCase) throws {
    let (inputs, result) = operation.graph()
    let gradients = try result.gradients(by: inputs)
    let graph = inputs[0].builder.build([result] + gradients)
    #expect(try JSONDecoder().decode(Graph.self, from: JSONEncoder().encode(graph)) == graph)
  }

  @Test(arguments: [
    Graphs.Operation.power(0), .power(17), .power(-2), .argmax(axis: 2), .argmax(axis: -1),
    .gather(axis: 0, indices: [3]),
    .gather(axis: 0, indices: [-1]), .gather(axis: 5, indices: [0]), .scatter(axis: 0, indices: [0, 1, 3], extent: 3),
    .scatter(axis: 0, indices: [0, 1, -1], extent: 3), .scatter(axis: 0, indices: [0, 1], extent: 3),
    .scatter(axis: 0, indices: [0, 1, 2], extent: -1), .scatter(axis: 0, indices: [0, 1, 2], extent: .max),
    .scatter(axis: 0, indices: [0, 1, 2], extent: 1 << 40), .scatter(axis: 9, indices: [], extent: 3),
  ])
  func attributesAreChecked(operation: Graphs.Operation) throws {
    var graph = Graph()
    let x = try graph.appendInput("x", [3, 4])
    #expect(throws: GraphError.self) { try graph.append(operation, [x], layer: "layer") }
  }

  @Test func argmaxNeedsSomething() throws {
    var graph = Graph()
    let x = try graph.appendInput("x", [0, 4])
    #expect(throws: GraphError.self) { try graph.append(.argmax(axis: 0), [x]) }
    let node = try graph.append(.argmax(axis: 1), [x])
    #expect(graph.nodes[node].shape == [0, 1])
  }
}
