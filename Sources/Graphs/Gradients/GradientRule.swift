import Tensors

/// How the gradient of one node reaches its operands: one line per operation.
///
/// Rules emit nodes, so that every engine trains by the same rules. Conditions of ``Operation/select`` and results of
/// ``Operation/compare(_:)`` and ``Operation/argmax(axis:)`` are steps: no gradient flows through them.
///
/// The gradient of a ReLU is always `multiply(upstream, compare(greater, x, 0))`, with `x` the ReLU's operand and `0` a
/// constant of shape `[]`. Engines recognise this form: the secure one uses the bit it has already computed for the ReLU
/// itself, the plain one runs a single loop.
struct GradientRule {
  let result: Symbol
  let upstream: Symbol

  /// An operand and its part of the gradient, emitted on demand and before broadcasting is undone.
  typealias Contribution = (operand: Symbol, gradient: () -> Symbol)

  func contributions() throws(GraphError) -> [Contribution] {
    let node = result.builder.graph.nodes[result.node]
    let x = node.operands.map { Symbol(builder: result.builder, node: $0) }
    let (y, g) = (result, upstream)
    var zero: Symbol { y.builder.constant(0) }
    switch node.operation {
    case .input, .constant, .compare, .argmax: return []
    case .add: return [(x[0], { g }), (x[1], { g })]
    case .subtract: return [(x[0], { g }), (x[1], { -g })]
    case .multiply: return [(x[0], { g * x[1] }), (x[1], { g * x[0] })]
    case .divide: return [(x[0], { g / x[1] }), (x[1], { -(g * y / x[1]) })]
    case .select: return [(x[1], { x[0].select(g, zero) }), (x[2], { x[0].select(zero, g) })]
    case .negate: return [(x[0], { -g })]
    case .scale(let factor): return [(x[0], { g * factor })]
    case .shift: return [(x[0], { g })]
    case .relu: return [(x[0], { g * x[0].compared(.greater, to: zero) })]
    case .sigmoid: return [(x[0], { g * (y - y * y) })]
    case .tanh: return [(x[0], { g - g * (y * y) })]
    case .exp: return [(x[0], { g * y })]
    case .log: return [(x[0], { g / x[0] })]
    case .reciprocal: return [(x[0], { -(g * (y * y)) })]
    // The factors are paired so that none is much larger than the gradient itself.
    case .inverseSquareRoot: return [(x[0], { (g * y) * (y * y) * -0.5 })]
    case .gelu: return [(x[0], { g * x[0].geluGradient() })]
    case .geluGradient: return [(x[0], { g * geluCurvature(at: x[0]) })]
    case .power(let exponent): return [(x[0], { power(g, x[0], exponent) })]
    case .softmax: return [(x[0], { y * (g - (g * y).sum(axes: [y.shape.rank - 1])) })]
    // e^y is the softmax, and y is never positive.
    case .logSoftmax: return [(x[0], { g - y.exp() * g.sum(axes: [y.shape.rank - 1]) })]
    case .matmul(let left, let right): return matmul(x[0], x[1], left, right)
    case .conv2d(let convolution):
      let (input, kernel) = (x[0].shape, x[1].shape)
      return [
        (x[0], { g.conv2dInputGradient(x[1], convolution, height: input[2], width: input[3]) }),
        (x[1], { x[0].conv2dWeightGradient(g, convolution, kernelHeight: kernel[2], kernelWidth: kernel[3]) }),
      ]
    case .conv2dInputGradient(let convolution, _, _):
      let kernel = x[1].shape
      return [
        (x[0], { g.conv2d(x[1], convolution) }),
        (x[1], { g.conv2dWeightGradient(x[0], convolution, kernelHeight: kernel[2], kernelWidth: kernel[3]) }),
      ]
    case .conv2dWeightGradient(let convolution, _, _):
      let input = x[0].shape
      return [
        (x[0], { x[1].conv2dInputGradient(g, convolution, height: input[2], width: input[3]) }),
        (x[1], { x[0].conv2d(g, convolution) }),
      ]
    case .averagePool2d(let pooling):
      return [(x[0], { g.averagePool2dGradient(pooling, height: x[0].shape[2], width: x[0].shape[3]) })]
    case .averagePool2dGradient(let pooling, _, _): return [(x[0], { g.averagePool2d(pooling) })]
    case .maxPool2d(let pooling): return [(x[0], { x[0].maxPool2dGradient(g, pooling) })]
    case .maxPool2dGradient, .conv2dExampleGradients, .conv2dExampleNorms:
      throw .notDifferentiable(node.operation.name, layer: node.layer)
    case .sum: return [(x[0], { g.broadcast(to: x[0].shape) })]
    case .mean:
      let factor = Float(y.shape.count) / Float(Swift.max(x[0].shape.count, 1))
      return [(x[0], { (g * factor).broadcast(to: x[0].shape) })]
    case .max(let axis):
      return [(x[0], { equalShares(of: x[0], axis: axis) * g })]
    case .broadcast: return [(x[0], { g })]
    case .reshape: return [(x[0], { g.reshaped(to: x[0].shape.extents) })]
    case .transpose(let permutation):
      let inverse = permutation.indices.sorted { permutation[$0] < permutation[$1] }
      return [(x[0], { g.transposed(inverse) })]
    case .concatenate(let axis): return slices(of: x, axis: axis)
    case .slice(let axis, let start, let end):
      return [(x[0], { g.padded(axis: axis, before: start, after: x[0].shape[axis] - end) })]
    case .pad(let axis, let before, _):
      return [(x[0], { g.sliced(axis: axis, before..<(before + x[0].shape[axis])) })]
    case .gather(let axis, let indices):
      return [(x[0], { g.scattered(axis: axis, indices, extent: x[0].shape[axis]) })]
    case .scatter(let axis, let indices, _): return [(x[0], { g.gathered(axis: axis, indices) })]
    }
  }

  /// With `C = A·B`: `dA = dC·Bᵀ` and `dB = Aᵀ·dC`, each stored the way its operand is.
  private func matmul(_ a: Symbol, _ b: Symbol, _ left: Bool, _ right: Bool) -> [Contribution] {
    let g = upstream
    return [
      (
        a,
        {
          left
            ? b.matmul(g, transposeLeft: right, transposeRight: true) : g.matmul(b, transposeRight: !right)
        }
      ),
      (
        b,
        {
          right
            ? g.matmul(a, transposeLeft: true, transposeRight: left) : a.matmul(g, transposeLeft: !left)
        }
      ),
    ]
  }

  /// The second derivative of ``Operation/gelu``, `φ(x) · (2 − x²)`, where `φ(x) = e^(−x²/2) / √2π`.
  private func geluCurvature(at x: Symbol) -> Symbol {
    let square = x * x
    return (square * -0.5).exp() * 0.398_942_28 * (square * -1 + 2)
  }

  /// `g · n·xⁿ⁻¹`
  private func power(_ g: Symbol, _ x: Symbol, _ exponent: Int) -> Symbol {
    switch exponent {
    case 1: g
    case 2: g * (x * 2)
    default: g * x.power(exponent - 1) * Float(exponent)
    }
  }

  /// The gradient of a maximum: shared equally among the scalars that reach it.
  private func equalShares(of x: Symbol, axis: Int) -> Symbol {
    let reaches = x.compared(.equal, to: result)
    return reaches / reaches.sum(axes: [axis])
  }

  private func slices(of operands: [Symbol], axis: Int) -> [Contribution] {
    var start = 0
    return operands.map { operand in
      let range = start..<(start + operand.shape[axis])
      start = range.upperBound
      return (operand, { upstream.sliced(axis: axis, range) })
    }
  }
}
