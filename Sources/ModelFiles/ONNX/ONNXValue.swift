import Tensors

/// What a name of an ONNX graph stands for while it is read.
enum ONNXValue {
  /// Depends on the data: a node of the program.
  case node(Int)
  /// Known now: a weight, or what was computed of weights; public, such as a number in the architecture, where it has no name.
  case floats(Tensor<Float>, name: String?)
  /// Known now: shapes, axes, indices.
  case integers(Tensor<Int>)
}

extension Tensor<Int> {
  /// A list of whole numbers.
  init(_ list: [Int]) { self.init(shape: [list.count], scalars: list) }
}
