import Tensors

extension Graph {
  /// How many numbers a run holds at most: the values of all nodes, and the patches of an image that the largest convolution
  /// lays out. For bounds on programs of others; `Int.max` where it is more than that.
  public var runCount: Int {
    var (values, patches) = (0, 0)
    for node in nodes {
      values = values.addingOrMost(node.shape.count)
      patches = Swift.max(patches, patchCount(of: node))
    }
    return values.addingOrMost(patches)
  }

  /// How many numbers the patches of one image are; zero for all that is no convolution.
  package func patchCount(of node: Node) -> Int {
    let x = node.operands.map { nodes[$0].shape }
    // The image that is cut into patches, the extents of the kernel, and where the kernel is laid.
    let (image, kernel, positions): (Shape, [Int], Shape)
    switch node.operation {
    case .conv2d: (image, kernel, positions) = (x[0], [x[1][2], x[1][3]], node.shape)
    case .conv2dInputGradient: (image, kernel, positions) = (node.shape, [x[1][2], x[1][3]], x[0])
    case .conv2dWeightGradient(_, let height, let width), .conv2dExampleGradients(_, let height, let width),
      .conv2dExampleNorms(_, let height, let width):
      (image, kernel, positions) = (x[0], [height, width], x[1])
    default: return 0
    }
    return [image[1], kernel[0], kernel[1], positions[2], positions[3]].reduce(1) { $0.timesOrMost($1) }
  }
}

extension Int {
  fileprivate func addingOrMost(_ other: Int) -> Int {
    let (sum, isLarger) = addingReportingOverflow(other)
    return isLarger ? .max : sum
  }

  fileprivate func timesOrMost(_ other: Int) -> Int {
    let (product, isLarger) = multipliedReportingOverflow(by: other)
    return isLarger ? .max : product
  }
}
