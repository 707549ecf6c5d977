import Tensors

extension Graph {
  /// Whether each example of a batch comes to its result by itself, so that examples of several owners may run together.
  ///
  /// The examples are the first axis of `input`; all other inputs are the same for all. Nodes that mix examples are found by
  /// what they do, not by trying: `false` where that cannot be told.
  package func keepsExamplesApart(input: String) -> Bool {
    // Any number of examples would do; this one is seldom an extent of something else.
    let examples = 7
    guard let shape = shape(ofInput: input), shape.rank > 0,
      let batched = try? resized(inputs: [input: shape.replacing(axis: 0, with: examples)])
    else { return false }
    var isShared: [Bool] = []
    for node in batched.nodes {
      if case .input(let name) = node.operation {
        isShared.append(name != input)
        continue
      }
      isShared.append(node.operands.allSatisfy { isShared[$0] })
      guard isShared.last == false else { continue }
      let operands = node.operands.map { ExamplewiseOperand(shape: batched.nodes[$0].shape, isShared: isShared[$0]) }
      guard node.operation.keepsExamples(operands, result: node.shape, examples: examples) else { return false }
    }
    return batched.outputs.allSatisfy { !isShared[$0] }
  }
}
