import Graphs
import Tensors

/// Operations that ONNX has otherwise.
extension ONNXExport {
  static func attributes(_ convolution: Convolution) -> [String: ONNXWriter.Attribute] {
    let (height, width) = (convolution.paddingHeight, convolution.paddingWidth)
    return [
      "strides": .integers([convolution.strideHeight, convolution.strideWidth]),
      "pads": .integers([height, width, height, width]),
    ]
  }

  static func attributes(_ pooling: Pooling) -> [String: ONNXWriter.Attribute] {
    [
      "kernel_shape": .integers([pooling.windowHeight, pooling.windowWidth]),
      "strides": .integers([pooling.strideHeight, pooling.strideWidth]),
    ]
  }

  /// Rows and columns that a convolution's stride had left out are added behind.
  mutating func transposed(
    _ x: [String], _ convolution: Convolution, _ height: Int, _ width: Int, upstream: Shape, kernel: Shape,
    _ layer: String
  ) -> String {
    var attributes = Self.attributes(convolution)
    attributes["output_padding"] = .integers([
      height - (upstream[2] - 1) * convolution.strideHeight - kernel[2] + 2 * convolution.paddingHeight,
      width - (upstream[3] - 1) * convolution.strideWidth - kernel[3] + 2 * convolution.paddingWidth,
    ])
    return writer.append("ConvTranspose", x, attributes, layer: layer)
  }

  /// Φ(x) = ½ + ½ erf(x / √2); Gelu is a node of its own only since operator set 20.
  mutating func normalDistribution(_ x: String, _ layer: String) -> String {
    let erf = writer.append("Erf", [scaled(x, by: 0.5.squareRoot(), layer)], layer: layer)
    let half = writer.constant(0.5, layer: layer)
    return writer.append("Add", [scaled(erf, by: 0.5, layer), half], layer: layer)
  }

  /// Φ(x) + x · e^(−x²/2) / √(2π).
  mutating func geluGradient(_ x: String, _ layer: String) -> String {
    let square = writer.append("Mul", [x, x], layer: layer)
    let density = writer.append("Exp", [scaled(square, by: -0.5, layer)], layer: layer)
    let slope = writer.append("Mul", [scaled(x, by: 1 / (2 * Double.pi).squareRoot(), layer), density], layer: layer)
    return writer.append("Add", [normalDistribution(x, layer), slope], layer: layer)
  }

  private mutating func scaled(_ x: String, by factor: Double, _ layer: String) -> String {
    writer.append("Mul", [x, writer.constant(factor, layer: layer)], layer: layer)
  }

  mutating func compared(_ x: [String], _ comparison: Comparison, _ layer: String) -> String {
    switch comparison {
    case .less: writer.append("Less", x, layer: layer)
    case .lessOrEqual: writer.append("LessOrEqual", x, layer: layer)
    case .greater: writer.append("Greater", x, layer: layer)
    case .greaterOrEqual: writer.append("GreaterOrEqual", x, layer: layer)
    case .equal: writer.append("Equal", x, layer: layer)
    case .notEqual: writer.append("Not", [writer.append("Equal", x, layer: layer)], layer: layer)
    }
  }

  /// Truth values as the numbers 0 and 1.
  mutating func number(_ x: String, _ layer: String) -> String {
    writer.append("Cast", [x], ["to": .integer(Onnx_TensorProto.DataType.float.rawValue)], layer: layer)
  }

  mutating func truth(_ x: String, _ layer: String) -> String {
    writer.append("Cast", [x], ["to": .integer(Onnx_TensorProto.DataType.bool.rawValue)], layer: layer)
  }

  /// An axis of extent 1 in `shape`, such as that of examples, stays as it is.
  mutating func expanded(_ x: String, _ shape: Shape, _ layer: String) -> String {
    writer.append("Expand", [x, writer.integers(shape.extents, layer: layer)], layer: layer)
  }

  /// A product with the matrix whose row i has its 1 at indices[i], along an axis that is brought to the end for it.
  mutating func scattered(
    _ x: String, rank: Int, axis: Int, _ indices: [Int], _ extent: Int, _ layer: String
  ) -> String {
    var permutation = Array(0..<rank)
    permutation.swapAt(axis, rank - 1)
    var matrix = [Float](repeating: 0, count: indices.count * extent)
    for (row, index) in indices.enumerated() { matrix[row * extent + index] = 1 }
    let places = writer.constant(Tensor(shape: [indices.count, extent], scalars: matrix), layer: layer)
    let turned = writer.append("Transpose", [x], ["perm": .integers(permutation)], layer: layer)
    let product = writer.append("MatMul", [turned, places], layer: layer)
    return writer.append("Transpose", [product], ["perm": .integers(permutation)], layer: layer)
  }
}
