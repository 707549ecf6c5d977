public import Tensors

/// What a node computes: the whole vocabulary of the project.
///
/// Every engine, gradient rule and reader switches over it with no `default`, so that the compiler lists what is
/// missing. Binary operations broadcast by NumPy's rules; reductions keep the reduced axes with extent 1.
public enum Operation: Hashable, Sendable, Codable {
  /// A value given at run time, looked up by name: data, weights, a dropout mask.
  case input(String)
  /// A public constant, the same in every scalar of the node's shape.
  case constant(Float)

  case add
  case subtract
  case multiply
  case divide
  /// `1` where the relation holds between the operands, else `0`.
  case compare(Comparison)
  /// `select(condition, a, b)`: `a` where the condition is 1, `b` where it is 0.
  case select

  case negate
  /// `x · factor`, the factor public.
  case scale(Float)
  /// `x + offset`, the offset public.
  case shift(Float)
  case relu
  case sigmoid
  case tanh
  case exp
  case log
  case reciprocal
  /// `1/√x`.
  case inverseSquareRoot
  /// `x · Φ(x)`, exactly, with `Φ` the normal distribution function: D. Hendrycks and K. Gimpel, *Gaussian Error Linear
  /// Units*, 2016.
  case gelu
  /// `Φ(x) + x · φ(x)`, the derivative of ``gelu`` at `x`; an operation of its own since it is as cheap as ``gelu`` for
  /// engines that approximate, and no other operation has `Φ`.
  case geluGradient
  /// `xⁿ` with a public exponent from 1 to 16.
  case power(Int)
  /// Along the last axis.
  case softmax
  /// The logarithm of ``softmax``, computed without it: `x − ln Σ eˣ` along the last axis.
  case logSoftmax

  /// `[m, k] · [k, n] → [m, n]`; a transposed operand is stored the other way round.
  case matmul(transposeLeft: Bool, transposeRight: Bool)
  /// `(x [b, c, h, w], weight [o, c, kh, kw]) → [b, o, h', w']`.
  case conv2d(Convolution)
  /// `(upstream [b, o, h', w'], weight) → [b, c, h, w]`: the gradient of ``conv2d(_:)`` by its input.
  case conv2dInputGradient(Convolution, inputHeight: Int, inputWidth: Int)
  /// `(x, upstream) → [o, c, kh, kw]`: the gradient of ``conv2d(_:)`` by its weight.
  case conv2dWeightGradient(Convolution, kernelHeight: Int, kernelWidth: Int)
  /// `(x, upstream) → [b, o, c, kh, kw]`: each example's part of ``conv2dWeightGradient(_:kernelHeight:kernelWidth:)``.
  case conv2dExampleGradients(Convolution, kernelHeight: Int, kernelWidth: Int)
  /// `(x, upstream) → [b]`: the squared norm of each example's part, of which none is kept.
  case conv2dExampleNorms(Convolution, kernelHeight: Int, kernelWidth: Int)
  /// `[b, c, h, w] → [b, c, h', w']`; what does not fill a window at the edge is left out.
  case averagePool2d(Pooling)
  /// `upstream [b, c, h', w'] → [b, c, h, w]`.
  case averagePool2dGradient(Pooling, inputHeight: Int, inputWidth: Int)
  case maxPool2d(Pooling)
  /// `(x [b, c, h, w], upstream [b, c, h', w']) → [b, c, h, w]`; the first of equal maxima takes it all.
  case maxPool2dGradient(Pooling)

  case sum(axes: [Int])
  case mean(axes: [Int])
  /// The largest scalar along one axis.
  case max(axis: Int)
  /// Where along one axis the largest scalar is, as a number; the first of equal maxima. A step: no gradient flows.
  case argmax(axis: Int)
  /// Repeats axes of extent 1, NumPy's rules.
  case broadcast(Shape)
  /// One extent may be −1: whatever is left. Model graphs use it for the batch axis.
  case reshape([Int])
  case transpose([Int])
  case concatenate(axis: Int)
  case slice(axis: Int, start: Int, end: Int)
  /// Zeros before and after along one axis.
  case pad(axis: Int, before: Int, after: Int)
  /// The slices along one axis with the given public indices, in their order; an index may occur more than once.
  case gather(axis: Int, indices: [Int])
  /// The transposed map of ``gather(axis:indices:)``: slice `i` is added to slice `indices[i]` of `extent` that begin as
  /// zeros.
  case scatter(axis: Int, indices: [Int], extent: Int)
}

/// A relation between two scalars.
public enum Comparison: String, Hashable, Sendable, Codable, CaseIterable {
  case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual
}

/// Strides and zero padding of a two-dimensional convolution; the kernel's extents come from the weight.
public struct Convolution: Hashable, Sendable, Codable {
  public var strideHeight: Int
  public var strideWidth: Int
  public var paddingHeight: Int
  public var paddingWidth: Int

  public init(stride: Int = 1, padding: Int = 0) {
    self.init(strideHeight: stride, strideWidth: stride, paddingHeight: padding, paddingWidth: padding)
  }

  public init(strideHeight: Int, strideWidth: Int, paddingHeight: Int, paddingWidth: Int) {
    self.strideHeight = strideHeight
    self.strideWidth = strideWidth
    self.paddingHeight = paddingHeight
    self.paddingWidth = paddingWidth
  }
}

/// Window and strides of a two-dimensional pooling.
public struct Pooling: Hashable, Sendable, Codable {
  public var windowHeight: Int
  public var windowWidth: Int
  public var strideHeight: Int
  public var strideWidth: Int

  /// A square window that tiles the plane, unless a stride is given.
  public init(window: Int, stride: Int? = nil) {
    windowHeight = window
    windowWidth = window
    strideHeight = stride ?? window
    strideWidth = stride ?? window
  }
}
