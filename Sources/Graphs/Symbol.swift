public import Tensors

/// Builds a graph by expressions over ``Symbol``s; mistakes in source code trap on the line that makes them.
///
/// Readers of files and jobs use the throwing ``Graph/append(_:_:layer:)`` instead.
public final class GraphBuilder {
  public internal(set) var graph = Graph()
  /// The layer that nodes emitted now belong to.
  public var layer = ""

  public init() {}

  /// A builder that adds to a graph there is.
  public init(continuing graph: Graph) { self.graph = graph }

  /// A named value of the given shape; the same name is the same symbol.
  public func input(_ name: String, _ shape: Shape) -> Symbol {
    do {
      return Symbol(builder: self, node: try graph.appendInput(name, shape, layer: layer))
    } catch { preconditionFailure("\(error)") }
  }

  /// A public constant.
  public func constant(_ value: Float, _ shape: Shape = .scalar) -> Symbol {
    Symbol(builder: self, node: graph.appendConstant(value, shape, layer: layer))
  }

  /// A node of the graph as a symbol.
  public func symbol(_ node: Int) -> Symbol {
    precondition(graph.nodes.indices.contains(node), "node \(node) is not one of \(graph.nodes.count)")
    return Symbol(builder: self, node: node)
  }

  /// The finished program, returning the given values.
  public func build(_ outputs: [Symbol]) -> Graph {
    var result = graph
    result.outputs = outputs.map(\.node)
    return result
  }

  func emit(_ operation: Operation, _ operands: [Symbol]) -> Symbol {
    precondition(operands.allSatisfy { $0.builder === self }, "\(operation.name) mixes symbols of two graphs")
    do {
      return Symbol(builder: self, node: try graph.append(operation, operands.map(\.node), layer: layer))
    } catch { preconditionFailure("\(error)") }
  }
}

/// A value of a graph under construction.
public struct Symbol {
  public let builder: GraphBuilder
  public let node: Int

  public var shape: Shape { builder.graph.nodes[node].shape }

  func emit(_ operation: Operation, _ others: Symbol...) -> Symbol { builder.emit(operation, [self] + others) }
}

extension Symbol {
  public static func + (a: Symbol, b: Symbol) -> Symbol { a.emit(.add, b) }
  public static func - (a: Symbol, b: Symbol) -> Symbol { a.emit(.subtract, b) }
  public static func * (a: Symbol, b: Symbol) -> Symbol { a.emit(.multiply, b) }
  public static func / (a: Symbol, b: Symbol) -> Symbol { a.emit(.divide, b) }
  public static prefix func - (a: Symbol) -> Symbol { a.emit(.negate) }
  public static func * (a: Symbol, factor: Float) -> Symbol { a.emit(.scale(factor)) }
  public static func + (a: Symbol, offset: Float) -> Symbol { a.emit(.shift(offset)) }

  public func compared(_ comparison: Comparison, to other: Symbol) -> Symbol { emit(.compare(comparison), other) }
  /// `a` where this symbol is 1, `b` where it is 0.
  public func select(_ a: Symbol, _ b: Symbol) -> Symbol { emit(.select, a, b) }

  public func relu() -> Symbol { emit(.relu) }
  public func sigmoid() -> Symbol { emit(.sigmoid) }
  public func tanh() -> Symbol { emit(.tanh) }
  public func exp() -> Symbol { emit(.exp) }
  public func log() -> Symbol { emit(.log) }
  public func reciprocal() -> Symbol { emit(.reciprocal) }
  public func inverseSquareRoot() -> Symbol { emit(.inverseSquareRoot) }
  public func gelu() -> Symbol { emit(.gelu) }
  public func geluGradient() -> Symbol { emit(.geluGradient) }
  public func power(_ exponent: Int) -> Symbol { emit(.power(exponent)) }
  public func softmax() -> Symbol { emit(.softmax) }
  public func logSoftmax() -> Symbol { emit(.logSoftmax) }

  public func matmul(_ other: Symbol, transposeLeft: Bool = false, transposeRight: Bool = false) -> Symbol {
    emit(.matmul(transposeLeft: transposeLeft, transposeRight: transposeRight), other)
  }
  public func conv2d(_ weight: Symbol, _ convolution: Convolution = Convolution()) -> Symbol {
    emit(.conv2d(convolution), weight)
  }
  /// The gradient of a convolution of inputs of the given plane by its input; this symbol is the upstream gradient.
  public func conv2dInputGradient(_ weight: Symbol, _ convolution: Convolution, height: Int, width: Int) -> Symbol {
    emit(.conv2dInputGradient(convolution, inputHeight: height, inputWidth: width), weight)
  }
  /// The gradient of a convolution of this symbol by its weight.
  public func conv2dWeightGradient(
    _ upstream: Symbol, _ convolution: Convolution, kernelHeight: Int, kernelWidth: Int
  ) -> Symbol {
    emit(.conv2dWeightGradient(convolution, kernelHeight: kernelHeight, kernelWidth: kernelWidth), upstream)
  }
  /// Each example's gradient of a convolution of this symbol by its weight.
  public func conv2dExampleGradients(
    _ upstream: Symbol, _ convolution: Convolution, kernelHeight: Int, kernelWidth: Int
  ) -> Symbol {
    emit(.conv2dExampleGradients(convolution, kernelHeight: kernelHeight, kernelWidth: kernelWidth), upstream)
  }
  /// The squared norms of ``conv2dExampleGradients(_:_:kernelHeight:kernelWidth:)``.
  public func conv2dExampleNorms(
    _ upstream: Symbol, _ convolution: Convolution, kernelHeight: Int, kernelWidth: Int
  ) -> Symbol {
    emit(.conv2dExampleNorms(convolution, kernelHeight: kernelHeight, kernelWidth: kernelWidth), upstream)
  }
  public func averagePool2dGradient(_ pooling: Pooling, height: Int, width: Int) -> Symbol {
    emit(.averagePool2dGradient(pooling, inputHeight: height, inputWidth: width))
  }
  public func maxPool2dGradient(_ upstream: Symbol, _ pooling: Pooling) -> Symbol {
    emit(.maxPool2dGradient(pooling), upstream)
  }
  public func averagePool2d(_ pooling: Pooling) -> Symbol { emit(.averagePool2d(pooling)) }
  public func maxPool2d(_ pooling: Pooling) -> Symbol { emit(.maxPool2d(pooling)) }

  public func sum(axes: [Int]) -> Symbol { emit(.sum(axes: axes)) }
  public func mean(axes: [Int]) -> Symbol { emit(.mean(axes: axes)) }
  public func max(axis: Int) -> Symbol { emit(.max(axis: axis)) }
  public func argmax(axis: Int) -> Symbol { emit(.argmax(axis: axis)) }
  public func broadcast(to shape: Shape) -> Symbol { shape == self.shape ? self : emit(.broadcast(shape)) }
  public func reshaped(to extents: [Int]) -> Symbol { emit(.reshape(extents)) }
  public func transposed(_ permutation: [Int]) -> Symbol { emit(.transpose(permutation)) }
  public func sliced(axis: Int, _ range: Range<Int>) -> Symbol {
    emit(.slice(axis: axis, start: range.lowerBound, end: range.upperBound))
  }
  public func padded(axis: Int, before: Int, after: Int) -> Symbol {
    emit(.pad(axis: axis, before: before, after: after))
  }
  public func gathered(axis: Int, _ indices: [Int]) -> Symbol { emit(.gather(axis: axis, indices: indices)) }
  public func scattered(axis: Int, _ indices: [Int], extent: Int) -> Symbol {
    emit(.scatter(axis: axis, indices: indices, extent: extent))
  }
  /// The symbols one after the other along an axis.
  public static func concatenated(_ symbols: [Symbol], axis: Int) -> Symbol {
    precondition(!symbols.isEmpty, "nothing to concatenate")
    return symbols[0].builder.emit(.concatenate(axis: axis), symbols)
  }
}
