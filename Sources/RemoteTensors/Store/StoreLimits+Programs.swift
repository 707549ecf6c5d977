import Graphs
import Tensors

extension StoreLimits {
  /// Refuses a program that would take more than there is for one, before any of it is computed.
  func check(_ program: Graph) throws(Refusal) {
    guard program.nodes.count <= nodeCount else {
      throw .request("the program has \(program.nodes.count) operations, and the limit is \(nodeCount)")
    }
    guard (1...outputCount).contains(program.outputs.count) else {
      throw .request("the program has \(program.outputs.count) results, and must have from 1 to \(outputCount)")
    }
    var scalars = 0.0
    var operations = 0.0
    for node in program.nodes {
      guard node.shape.count > 0 else { throw .request("the program has a value without scalars, \(node.shape)") }
      let operands = node.operands.map { program.nodes[$0].shape }
      scalars += Double(node.shape.count) + node.operation.scratchCount(operands)
      operations += node.operation.work(operands, result: node.shape)
    }
    guard scalars <= Double(scalarsPerRun), operations <= Double(operationsPerRun) else {
      throw .request("the program is too large for this worker: take fewer rows, or ask in pieces")
    }
  }
}

extension Operation {
  /// Scalars that a convolution unfolds; an upper bound.
  fileprivate func scratchCount(_ operands: [Shape]) -> Double {
    func product(_ extents: [Int]) -> Double { extents.reduce(1) { $0 * Double($1) } }
    if case .conv2d(let convolution) = self {
      let (x, w) = (operands[0], operands[1])
      let size = convolution.outputSize(height: x[2], width: x[3], kernelHeight: w[2], kernelWidth: w[3])
      return product([w[1], w[2], w[3], size?.height ?? 0, size?.width ?? 0])
    }
    if case .conv2dInputGradient = self {
      let (g, w) = (operands[0], operands[1])
      return product([w[1], w[2], w[3], g[2], g[3]])
    }
    if case .conv2dWeightGradient(_, let height, let width) = self {
      let (x, g) = (operands[0], operands[1])
      return product([x[1], height, width, g[2], g[3]])
    }
    switch self {
    case .conv2dExampleGradients(_, let height, let width), .conv2dExampleNorms(_, let height, let width):
      let (x, g) = (operands[0], operands[1])
      let patches = product([x[1], height, width, g[2], g[3]])
      return patches + product([g[1], x[1], height, width]) + 2 * product([g[2], g[3], g[2], g[3]])
    default: return 0
    }
  }

  /// Additions and multiplications; an upper bound, of which exponentials and the like count as one.
  fileprivate func work(_ operands: [Shape], result: Shape) -> Double {
    let scalars = Double(result.count) + operands.reduce(0) { $0 + Double($1.count) }
    if case .matmul(let transposeLeft, _) = self {
      return scalars + Double(result.count) * Double(operands[0][transposeLeft ? 0 : 1])
    }
    if case .conv2d = self { return scalars + Double(operands[0][0]) * Double(operands[1][0]) * scratchCount(operands) }
    if case .conv2dInputGradient = self {
      return scalars + Double(operands[0][0]) * Double(operands[1][0]) * scratchCount(operands)
    }
    if case .conv2dWeightGradient = self {
      return scalars + Double(operands[0][0]) * Double(operands[1][1]) * scratchCount(operands)
    }
    switch self {
    case .conv2dExampleGradients, .conv2dExampleNorms:
      return scalars + Double(operands[1][0]) * Double(operands[1][1]) * scratchCount(operands)
    default: break
    }
    if case .averagePool2d(let pooling) = self { return scalars + Double(result.count) * pooling.windowCount }
    if case .maxPool2d(let pooling) = self { return scalars + Double(result.count) * pooling.windowCount }
    if case .averagePool2dGradient(let pooling, _, _) = self {
      return scalars + Double(operands[0].count) * pooling.windowCount
    }
    if case .maxPool2dGradient(let pooling) = self { return scalars + Double(operands[1].count) * pooling.windowCount }
    if case .power = self { return 16 * scalars }
    return scalars
  }
}

extension Pooling {
  fileprivate var windowCount: Double { Double(windowHeight) * Double(windowWidth) }
}
