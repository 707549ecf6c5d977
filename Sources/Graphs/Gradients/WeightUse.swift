import Tensors

/// One place where a weight meets a batch, with all that each example's gradient by it is made of.
struct WeightUse {
  /// The node of the weight.
  let weight: Int
  let layer: String
  let form: Form

  enum Form {
    /// `aᵢ ⊗ gᵢ`, for activations `[examples, k]` and upstream gradients `[examples, n]`; stored `[n, k]` where transposed.
    case product(activations: Symbol, upstream: Symbol, isTransposed: Bool)
    case convolution(ConvolutionUse)
    /// The gradients themselves, `[examples, count]`.
    case rows(Symbol)
  }

  /// Each example's gradient, `[examples, count]`.
  func exampleGradients() -> Symbol {
    switch form {
    case .product(let a, let g, let isTransposed):
      let (examples, k, n) = (a.shape[0], a.shape[1], g.shape[1])
      let outer =
        isTransposed
        ? g.reshaped(to: [examples, n, 1]) * a.reshaped(to: [examples, 1, k])
        : a.reshaped(to: [examples, k, 1]) * g.reshaped(to: [examples, 1, n])
      return outer.reshaped(to: [examples, k * n])
    case .convolution(let use): return use.exampleGradients()
    case .rows(let rows): return rows
    }
  }

  /// `Σ factorᵢ · gradientᵢ`
  func weightedSum(_ factors: Symbol, _ scaled: inout ScaledUpstreams) -> Symbol {
    factors.builder.layer = layer
    switch form {
    case .product(let a, let g, let isTransposed):
      let weighted = scaled.scale(g, by: factors)
      return isTransposed ? weighted.matmul(a, transposeLeft: true) : a.matmul(weighted, transposeLeft: true)
    case .convolution(let use):
      guard let kept = use.kept else { return use.sum(scaled.scale(use.upstream, by: factors)) }
      return Self.sum(kept, factors)
    case .rows(let rows): return scaled.product(rows, factors)?.sum(axes: [0]) ?? Self.sum(rows, factors)
    }
  }

  private static func sum(_ rows: Symbol, _ factors: Symbol) -> Symbol {
    factors.reshaped(to: [1, factors.shape[0]]).matmul(rows)
  }
}

/// A convolution by a weight; its examples' gradients are kept where they are small, and else only their norms are found.
struct ConvolutionUse {
  let x: Symbol
  let upstream: Symbol
  let convolution: Convolution
  let kernelHeight: Int
  let kernelWidth: Int
  /// `[examples, count]`
  private(set) var kept: Symbol?

  /// More scalars than this, 64 MiB, are not kept.
  private static let keptLimit = 1 << 24

  init(x: Symbol, upstream: Symbol, convolution: Convolution, kernel: Shape) {
    (self.x, self.upstream, self.convolution) = (x, upstream, convolution)
    (kernelHeight, kernelWidth) = (kernel[2], kernel[3])
    let count = kernel.count
    let plane = upstream.shape[2] * upstream.shape[3]
    let patch = count / Swift.max(kernel[0], 1)
    let gramsAreLess = plane * (patch + kernel[0]) < count
    if !gramsAreLess, x.shape[0] * count <= Self.keptLimit { kept = exampleGradients() }
  }

  func squaredNorm(_ square: (Symbol) -> Symbol) -> Symbol {
    if let kept { return square(kept) }
    return x.conv2dExampleNorms(upstream, convolution, kernelHeight: kernelHeight, kernelWidth: kernelWidth)
  }

  func exampleGradients() -> Symbol {
    if let kept { return kept }
    let gradients = x.conv2dExampleGradients(
      upstream, convolution, kernelHeight: kernelHeight, kernelWidth: kernelWidth)
    return gradients.reshaped(to: [x.shape[0], gradients.shape.count / Swift.max(x.shape[0], 1)])
  }

  func sum(_ weighted: Symbol) -> Symbol {
    x.conv2dWeightGradient(weighted, convolution, kernelHeight: kernelHeight, kernelWidth: kernelWidth)
  }
}
