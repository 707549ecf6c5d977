extension Graph {
  /// The same program without nodes, inputs among them, that no output depends on. Engines leave those out by
  /// themselves; files, ranges of values and pictures need not know of them.
  public func pruned() throws(GraphError) -> Graph {
    let isLive = liveNodes(of: outputs, count: nodes.count) { nodes[$0].operands }
    var places = [Int](repeating: 0, count: nodes.count)
    var graph = Graph()
    for (index, node) in nodes.enumerated() where isLive[index] {
      places[index] = try graph.append(copyOf: node, node.operands.map { places[$0] })
    }
    try graph.setOutputs(outputs.map { places[$0] })
    return graph
  }
}

/// Which nodes of a program in topological order some output needs.
func liveNodes(of outputs: [Int], count: Int, operands: (Int) -> [Int]) -> [Bool] {
  var isLive = [Bool](repeating: false, count: count)
  for output in outputs { isLive[output] = true }
  for index in (0..<count).reversed() where isLive[index] {
    for operand in operands(index) { isLive[operand] = true }
  }
  return isLive
}
