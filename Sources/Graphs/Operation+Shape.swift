public import Tensors

extension Operation {
  /// The name a reader of plans and errors knows the operation by.
  public var name: String {
    switch self {
    case .input(let name): "input \(name)"
    case .constant: "constant"
    case .add: "add"
    case .subtract: "subtract"
    case .multiply: "multiply"
    case .divide: "divide"
    case .compare(let comparison): comparison.rawValue
    case .select: "select"
    case .negate: "negate"
    case .scale: "scale"
    case .shift: "shift"
    case .relu: "relu"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .exp: "exp"
    case .log: "log"
    case .reciprocal: "reciprocal"
    case .inverseSquareRoot: "inverseSquareRoot"
    case .gelu: "gelu"
    case .geluGradient: "geluGradient"
    case .power: "power"
    case .softmax: "softmax"
    case .logSoftmax: "logSoftmax"
    case .matmul: "matmul"
    case .conv2d: "conv2d"
    case .conv2dInputGradient: "conv2dInputGradient"
    case .conv2dWeightGradient: "conv2dWeightGradient"
    case .conv2dExampleGradients: "conv2dExampleGradients"
    case .conv2dExampleNorms: "conv2dExampleNorms"
    case .averagePool2d: "averagePool2d"
    case .averagePool2dGradient: "averagePool2dGradient"
    case .maxPool2d: "maxPool2d"
    case .maxPool2dGradient: "maxPool2dGradient"
    case .sum: "sum"
    case .mean: "mean"
    case .max: "max"
    case .argmax: "argmax"
    case .broadcast: "broadcast"
    case .reshape: "reshape"
    case .transpose: "transpose"
    case .concatenate: "concatenate"
    case .slice: "slice"
    case .pad: "pad"
    case .gather: "gather"
    case .scatter: "scatter"
    }
  }

  /// The shape of the result for operands of the given shapes.
  ///
  /// - Throws: ``GraphError`` naming the operation, the layer and the shapes that do not fit.
  public func shape(of operands: [Shape], layer: String) throws(GraphError) -> Shape {
    let misfit = GraphError.shapesDoNotFit(name, operands, layer: layer)
    func require(_ condition: Bool) throws(GraphError) { if !condition { throw misfit } }
    func attribute(_ condition: Bool, _ why: String) throws(GraphError) {
      if !condition { throw .invalidAttribute(name, why, layer: layer) }
    }
    func images(_ shape: Shape) throws(GraphError) { try require(shape.rank == 4) }
    func axis(_ axis: Int, of shape: Shape) throws(GraphError) {
      try attribute(shape.extents.indices.contains(axis), "axis \(axis) is not one of shape \(shape)")
    }

    try require(operands.count == operandCount ?? Swift.max(operands.count, 1))
    switch self {
    case .input, .constant:
      throw .invalidAttribute(name, "an input or constant has no operands to infer a shape from", layer: layer)
    case .add, .subtract, .multiply, .divide, .compare:
      guard let shape = operands[0].broadcast(with: operands[1]) else { throw misfit }
      return shape
    case .select:
      guard let branches = operands[1].broadcast(with: operands[2]), let shape = operands[0].broadcast(with: branches)
      else { throw misfit }
      return shape
    case .negate, .relu, .sigmoid, .tanh, .exp, .log, .reciprocal, .inverseSquareRoot, .gelu, .geluGradient:
      return operands[0]
    case .power(let exponent):
      try attribute((1...16).contains(exponent), "the exponent must be between 1 and 16")
      return operands[0]
    case .scale(let factor):
      try attribute(factor.isFinite, "the factor must be finite")
      return operands[0]
    case .shift(let offset):
      try attribute(offset.isFinite, "the offset must be finite")
      return operands[0]
    case .softmax, .logSoftmax:
      try require(operands[0].rank >= 1)
      return operands[0]
    case .matmul(let transposeLeft, let transposeRight):
      try require(operands[0].rank == 2 && operands[1].rank == 2)
      let (a, b) = (operands[0], operands[1])
      let (m, k) = transposeLeft ? (a[1], a[0]) : (a[0], a[1])
      let (k2, n) = transposeRight ? (b[1], b[0]) : (b[0], b[1])
      try require(k == k2)
      return [m, n]
    case .conv2d(let convolution):
      try images(operands[0])
      try images(operands[1])
      let (x, w) = (operands[0], operands[1])
      try require(x[1] == w[1])
      guard let size = convolution.outputSize(height: x[2], width: x[3], kernelHeight: w[2], kernelWidth: w[3])
      else { throw misfit }
      return [x[0], w[0], size.height, size.width]
    case .conv2dInputGradient(let convolution, let height, let width):
      try images(operands[0])
      try images(operands[1])
      let (g, w) = (operands[0], operands[1])
      try require(g[1] == w[0])
      let size = convolution.outputSize(height: height, width: width, kernelHeight: w[2], kernelWidth: w[3])
      try require(size.map { $0.height == g[2] && $0.width == g[3] } ?? false)
      return [g[0], w[1], height, width]
    case .conv2dWeightGradient(let convolution, let kernelHeight, let kernelWidth),
      .conv2dExampleGradients(let convolution, let kernelHeight, let kernelWidth),
      .conv2dExampleNorms(let convolution, let kernelHeight, let kernelWidth):
      try images(operands[0])
      try images(operands[1])
      let (x, g) = (operands[0], operands[1])
      try require(x[0] == g[0])
      let size = convolution.outputSize(
        height: x[2], width: x[3], kernelHeight: kernelHeight, kernelWidth: kernelWidth)
      try require(size.map { $0.height == g[2] && $0.width == g[3] } ?? false)
      if case .conv2dExampleNorms = self { return [x[0]] }
      let kernel: Shape = [g[1], x[1], kernelHeight, kernelWidth]
      if case .conv2dExampleGradients = self { return Shape([x[0]] + kernel.extents) }
      return kernel
    case .averagePool2d(let pooling), .maxPool2d(let pooling):
      try images(operands[0])
      let x = operands[0]
      guard let size = pooling.outputSize(height: x[2], width: x[3]) else { throw misfit }
      return [x[0], x[1], size.height, size.width]
    case .averagePool2dGradient(let pooling, let height, let width):
      try images(operands[0])
      let size = pooling.outputSize(height: height, width: width)
      try require(size.map { $0.height == operands[0][2] && $0.width == operands[0][3] } ?? false)
      return [operands[0][0], operands[0][1], height, width]
    case .maxPool2dGradient(let pooling):
      try images(operands[0])
      try images(operands[1])
      let (x, g) = (operands[0], operands[1])
      let size = pooling.outputSize(height: x[2], width: x[3])
      try require(x[0] == g[0] && x[1] == g[1])
      try require(size.map { $0.height == g[2] && $0.width == g[3] } ?? false)
      return x
    case .sum(let axes), .mean(let axes):
      for a in axes { try axis(a, of: operands[0]) }
      try attribute(Set(axes).count == axes.count, "an axis is named twice in \(axes)")
      return Shape(operands[0].extents.enumerated().map { axes.contains($0.offset) ? 1 : $0.element })
    case .max(let a), .argmax(let a):
      try axis(a, of: operands[0])
      try require(operands[0][a] > 0)
      return operands[0].replacing(axis: a, with: 1)
    case .broadcast(let shape):
      try require(operands[0].broadcast(with: shape) == shape)
      return shape
    case .reshape(let extents):
      guard let shape = operands[0].resolving(extents) else { throw misfit }
      return shape
    case .transpose(let permutation):
      try attribute(
        permutation.sorted() == Array(operands[0].extents.indices),
        "\(permutation) is not a permutation of the axes of \(operands[0])")
      return Shape(permutation.map { operands[0][$0] })
    case .concatenate(let a):
      try axis(a, of: operands[0])
      for operand in operands {
        try require(operand.rank == operands[0].rank)
        try require(operand.replacing(axis: a, with: 1) == operands[0].replacing(axis: a, with: 1))
      }
      return operands[0].replacing(axis: a, with: operands.reduce(0) { $0 + $1[a] })
    case .slice(let a, let start, let end):
      try axis(a, of: operands[0])
      try attribute(
        0 <= start && start <= end && end <= operands[0][a], "the range \(start)..<\(end) leaves axis \(a)")
      return operands[0].replacing(axis: a, with: end - start)
    case .pad(let a, let before, let after):
      try axis(a, of: operands[0])
      try attribute(
        (0...1 << 40).contains(before) && (0...1 << 40).contains(after), "padding must be between 0 and 2^40")
      return operands[0].replacing(axis: a, with: operands[0][a] + before + after)
    case .gather(let a, let indices):
      try axis(a, of: operands[0])
      try attribute(
        indices.allSatisfy { (0..<operands[0][a]).contains($0) }, "an index is not one of axis \(a) of \(operands[0])")
      return operands[0].replacing(axis: a, with: indices.count)
    case .scatter(let a, let indices, let extent):
      try axis(a, of: operands[0])
      try attribute((0...1 << 40).contains(extent), "the extent must be between 0 and 2^40")
      try attribute(indices.allSatisfy { (0..<extent).contains($0) }, "an index is not below the extent \(extent)")
      try require(indices.count == operands[0][a])
      return operands[0].replacing(axis: a, with: extent)
    }
  }

  /// How many operands the operation takes; `nil` for any number from one.
  public var operandCount: Int? {
    switch self {
    case .input, .constant: 0
    case .negate, .scale, .shift, .relu, .sigmoid, .tanh, .exp, .log, .reciprocal, .inverseSquareRoot, .gelu,
      .geluGradient, .power, .softmax, .logSoftmax, .averagePool2d, .averagePool2dGradient, .maxPool2d, .sum, .mean,
      .max, .argmax, .broadcast, .reshape, .transpose, .slice, .pad, .gather, .scatter:
      1
    case .add, .subtract, .multiply, .divide, .compare, .matmul, .conv2d, .conv2dInputGradient,
      .conv2dWeightGradient, .conv2dExampleGradients, .conv2dExampleNorms, .maxPool2dGradient:
      2
    case .select: 3
    case .concatenate: nil
    }
  }
}

extension Convolution {
  /// The extents of the output plane, or `nil` where the kernel does not fit.
  public func outputSize(
    height: Int, width: Int, kernelHeight: Int, kernelWidth: Int
  ) -> (height: Int, width: Int)? {
    let limit = 0...1 << 20
    guard strideHeight > 0, strideWidth > 0, kernelHeight > 0, kernelWidth > 0, height > 0, width > 0,
      [strideHeight, strideWidth, paddingHeight, paddingWidth, kernelHeight, kernelWidth, height, width]
        .allSatisfy(limit.contains)
    else { return nil }
    let freeHeight = height + 2 * paddingHeight - kernelHeight
    let freeWidth = width + 2 * paddingWidth - kernelWidth
    guard freeHeight >= 0, freeWidth >= 0 else { return nil }
    return (freeHeight / strideHeight + 1, freeWidth / strideWidth + 1)
  }
}

extension Pooling {
  /// The extents of the output plane, or `nil` where no window fits.
  public func outputSize(height: Int, width: Int) -> (height: Int, width: Int)? {
    let limit = 1...1 << 20
    guard [windowHeight, windowWidth, strideHeight, strideWidth, height, width].allSatisfy(limit.contains),
      height >= windowHeight, width >= windowWidth
    else { return nil }
    return ((height - windowHeight) / strideHeight + 1, (width - windowWidth) / strideWidth + 1)
  }
}

extension Shape {
  /// The shape that `extents` stand for, with at most one −1 filled in; `nil` where the counts differ.
  package func resolving(_ extents: [Int]) -> Shape? {
    guard extents.count <= 8, extents.allSatisfy({ $0 >= -1 }), extents.filter({ $0 == -1 }).count <= 1,
      Shape.isReasonable(extents.filter { $0 >= 0 })
    else { return nil }
    let known = extents.filter { $0 >= 0 }.reduce(1, *)
    guard let hole = extents.firstIndex(of: -1) else { return known == count ? Shape(extents) : nil }
    guard known > 0, count % known == 0 else { return nil }
    var filled = extents
    filled[hole] = count / known
    return Shape(filled)
  }
}
