import Graphs
import Tensors

/// Inputs of which each party brings a summand by itself: they can only be added to something.
enum OwnInputs {
  /// The nodes that add them to something.
  static func sums(_ own: [String: RingTensor], in graph: Graph) -> Set<Int> {
    let inputs = Set(own.keys.compactMap { graph.inputs[$0] })
    guard !inputs.isEmpty else { return [] }
    return Set(graph.nodes.indices.filter { graph.nodes[$0].operands.contains(where: inputs.contains) })
  }

  /// - Throws: ``SharingError/ownInputMisused(_:)`` or ``SharingError/wrongShape(_:expected:given:)``; programs come from
  ///   clients.
  static func check(_ own: [String: RingTensor], in graph: Graph) throws {
    guard !own.isEmpty else { return }
    let nodes = Set(own.keys.compactMap { graph.inputs[$0] })
    for (name, words) in own {
      guard let input = graph.inputs[name] else { continue }
      let node = graph.nodes[input]
      guard words.shape == node.shape else {
        throw SharingError.wrongShape(name, expected: node.shape, given: words.shape)
      }
      let users = graph.nodes.filter { $0.operands.contains(input) }
      guard users.count <= 1, !graph.outputs.contains(input),
        users.allSatisfy({ user in
          user.operation == .add && user.shape == node.shape && user.operands.filter { nodes.contains($0) }.count == 1
        })
      else { throw SharingError.ownInputMisused(name) }
    }
  }
}
