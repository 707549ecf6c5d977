import Graphs
import Tensors

/// Inputs of which each party brings a summand by itself, and shares of noise: they can only be added to something.
enum OwnInputs {
  /// The nodes that add them to something.
  static func sums(_ names: Set<String>, in graph: Graph) -> Set<Int> {
    let inputs = Set(names.compactMap { graph.inputs[$0] })
    guard !inputs.isEmpty else { return [] }
    return Set(graph.nodes.indices.filter { graph.nodes[$0].operands.contains(where: inputs.contains) })
  }

  /// - Parameter noise: names of shares.
  /// - Throws: ``SharingError/ownInputMisused(_:)`` or ``SharingError/wrongShape(_:expected:given:)``; programs come from
  ///   clients.
  static func check(_ own: [String: RingTensor], noise: Set<String>, in graph: Graph) throws {
    let names = noise.union(own.keys)
    let nodes = Set(names.compactMap { graph.inputs[$0] })
    for name in names {
      guard let input = graph.inputs[name] else { continue }
      let node = graph.nodes[input]
      if let words = own[name], words.shape != node.shape {
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
