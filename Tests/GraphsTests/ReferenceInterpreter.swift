import Graphs
import Tensors

/// The operations a second time, in double precision and by their definitions alone: one scalar at a time, by index.
struct ReferenceInterpreter {
  typealias Value = Tensor<Double>

  func run(_ graph: Graph, _ inputs: [String: Value]) -> [Value] {
    var values: [Value] = []
    for node in graph.nodes { values.append(evaluate(node, node.operands.map { values[$0] }, inputs)) }
    return graph.outputs.map { values[$0] }
  }

  private func evaluate(_ node: Graph.Node, _ x: [Value], _ inputs: [String: Value]) -> Value {
    let shape = node.shape
    switch node.operation {
    case .input(let name): return inputs[name]!
    case .constant(let scalar): return Value(repeating: Double(scalar), shape: shape)
    case .add: return each(shape, x) { $0[0] + $0[1] }
    case .subtract: return each(shape, x) { $0[0] - $0[1] }
    case .multiply: return each(shape, x) { $0[0] * $0[1] }
    case .divide: return each(shape, x) { $0[0] / $0[1] }
    case .compare(let comparison): return each(shape, x) { comparison.holds($0[0], $0[1]) ? 1 : 0 }
    case .select: return each(shape, x) { $0[0] == 1 ? $0[1] : $0[2] }
    case .negate: return each(shape, x) { -$0[0] }
    case .scale(let factor): return each(shape, x) { $0[0] * Double(factor) }
    case .shift(let offset): return each(shape, x) { $0[0] + Double(offset) }
    case .relu: return each(shape, x) { max($0[0], 0) }
    case .sigmoid: return each(shape, x) { 1 / (1 + exponential(-$0[0])) }
    case .tanh: return each(shape, x) { 1 - 2 / (exponential(2 * $0[0]) + 1) }
    case .exp: return each(shape, x) { exponential($0[0]) }
    case .log: return each(shape, x) { logarithm($0[0]) }
    case .reciprocal: return each(shape, x) { 1 / $0[0] }
    case .inverseSquareRoot: return each(shape, x) { 1 / $0[0].squareRoot() }
    case .gelu: return each(shape, x) { $0[0] * normalDistribution($0[0]) }
    case .geluGradient: return each(shape, x) { normalDistribution($0[0]) + $0[0] * normalDensity($0[0]) }
    case .power(let exponent): return each(shape, x) { x in (0..<exponent).reduce(1) { power, _ in power * x[0] } }
    case .logSoftmax:
      let sums = fold(each(shape, x) { exponential($0[0]) }, [shape.rank - 1], 0) { $0 + $1 }
      return each(shape, [x[0], sums]) { $0[0] - logarithm($0[1]) }
    case .softmax:
      let axis = shape.rank - 1
      let powers = each(shape, x) { exponential($0[0]) }
      let sums = fold(powers, [axis], 0) { $0 + $1 }
      return each(shape, [powers, sums]) { $0[0] / $0[1] }
    case .matmul(let left, let right):
      let inner = x[0].shape[left ? 0 : 1]
      return make(shape) { i in
        (0..<inner).reduce(0) {
          $0 + x[0].at(left ? [$1, i[0]] : [i[0], $1]) * x[1].at(right ? [i[1], $1] : [$1, i[1]])
        }
      }
    case .conv2d(let convolution):
      var result = Value(repeating: 0, shape: shape)
      forEachTap(convolution, x: x[0].shape, weight: x[1].shape, output: shape) { pixel, tap, output in
        result[output] += x[0].at(pixel) * x[1].at(tap)
      }
      return result
    case .conv2dInputGradient(let convolution, _, _):
      var result = Value(repeating: 0, shape: shape)
      forEachTap(convolution, x: shape, weight: x[1].shape, output: x[0].shape) { pixel, tap, output in
        result[pixel] += x[0].at(output) * x[1].at(tap)
      }
      return result
    case .conv2dWeightGradient(let convolution, _, _):
      var result = Value(repeating: 0, shape: shape)
      forEachTap(convolution, x: x[0].shape, weight: shape, output: x[1].shape) { pixel, tap, output in
        result[tap] += x[0].at(pixel) * x[1].at(output)
      }
      return result
    case .conv2dExampleGradients(let convolution, _, _): return exampleGradients(convolution, x, shape)
    case .conv2dExampleNorms(let convolution, let height, let width):
      let gradients = exampleGradients(convolution, x, [shape[0], x[1].shape[1], x[0].shape[1], height, width])
      return fold(each(gradients.shape, [gradients]) { $0[0] * $0[0] }, [1, 2, 3, 4], 0) { $0 + $1 }.reshaped(to: shape)
    case .averagePool2d(let pooling):
      let area = Double(pooling.windowHeight * pooling.windowWidth)
      return make(shape) { index in pooling.window(index).reduce(0) { $0 + x[0].at($1) } / area }
    case .averagePool2dGradient(let pooling, _, _):
      var result = Value(repeating: 0, shape: shape)
      let area = Double(pooling.windowHeight * pooling.windowWidth)
      for output in indices(of: x[0].shape) {
        for pixel in pooling.window(output) { result[pixel] += x[0].at(output) / area }
      }
      return result
    case .maxPool2d(let pooling):
      return make(shape) { index in pooling.window(index).map { x[0].at($0) }.max()! }
    case .maxPool2dGradient(let pooling):
      var result = Value(repeating: 0, shape: shape)
      for output in indices(of: x[1].shape) {
        let window = pooling.window(output)
        let largest = window.map { x[0].at($0) }.max()!
        result[window.first { x[0].at($0) == largest }!] += x[1].at(output)
      }
      return result
    case .sum(let axes): return fold(x[0], axes, 0) { $0 + $1 }
    case .mean(let axes):
      let sums = fold(x[0], axes, 0) { $0 + $1 }
      return each(shape, [sums]) { $0[0] * Double(shape.count) / Double(x[0].count) }
    case .max(let axis): return fold(x[0], [axis], -.infinity) { max($0, $1) }
    case .argmax(let axis):
      return make(shape) { index in
        let line = (0..<x[0].shape[axis]).map { x[0].at(index.moved(axis, by: $0)) }
        return Double(line.firstIndex(of: line.max()!)!)
      }
    case .broadcast: return each(shape, x) { $0[0] }
    case .reshape: return Value(shape: shape, scalars: x[0].scalars)
    case .transpose(let permutation):
      return make(shape) { index in
        x[0].at(permutation.indices.map { axis in index[permutation.firstIndex(of: axis)!] })
      }
    case .concatenate(let axis):
      return make(shape) { index in
        var index = index
        var part = 0
        while index[axis] >= x[part].shape[axis] {
          index[axis] -= x[part].shape[axis]
          part += 1
        }
        return x[part].at(index)
      }
    case .slice(let axis, let start, _): return make(shape) { x[0].at($0.moved(axis, by: start)) }
    case .pad(let axis, let before, _):
      return make(shape) { index in
        let source = index.moved(axis, by: -before)
        return (0..<x[0].shape[axis]).contains(source[axis]) ? x[0].at(source) : 0
      }
    case .gather(let axis, let indices):
      return make(shape) { index in x[0].at(index.moved(axis, by: indices[index[axis]] - index[axis])) }
    case .scatter(let axis, let indices, _):
      var result = Value(repeating: 0, shape: shape)
      for index in GraphsTests.indices(of: x[0].shape) {
        let target = index.moved(axis, by: indices[index[axis]] - index[axis])
        result[target] += x[0].at(index)
      }
      return result
    }
  }

  private func make(_ shape: Shape, _ body: ([Int]) -> Double) -> Value {
    Value(shape: shape, scalars: indices(of: shape).map(body))
  }

  /// Element by element, operands broadcast.
  private func each(_ shape: Shape, _ x: [Value], _ body: ([Double]) -> Double) -> Value {
    make(shape) { index in
      body(x.map { $0.at(zip(index.suffix($0.shape.rank), $0.shape.extents).map { $1 == 1 ? 0 : $0 }) })
    }
  }

  private func fold(_ x: Value, _ axes: [Int], _ start: Double, _ body: (Double, Double) -> Double) -> Value {
    var result = Value(
      repeating: start, shape: Shape(x.shape.extents.enumerated().map { axes.contains($0.offset) ? 1 : $0.element }))
    for index in indices(of: x.shape) {
      let target = index.enumerated().map { axes.contains($0.offset) ? 0 : $0.element }
      result[target] = body(result.at(target), x.at(index))
    }
    return result
  }

  /// Every product of a convolution: which pixel meets which weight, and where it is added.
  private func exampleGradients(_ convolution: Convolution, _ x: [Value], _ shape: Shape) -> Value {
    var result = Value(repeating: 0, shape: shape)
    let kernel = Shape(Array(shape.extents.dropFirst()))
    forEachTap(convolution, x: x[0].shape, weight: kernel, output: x[1].shape) { pixel, tap, output in
      result[[pixel[0]] + tap] += x[0].at(pixel) * x[1].at(output)
    }
    return result
  }

  private func forEachTap(
    _ convolution: Convolution, x: Shape, weight: Shape, output: Shape, _ body: ([Int], [Int], [Int]) -> Void
  ) {
    for out in indices(of: output) {
      for tap in indices(of: Shape(Array(weight.extents[1...]))) {
        let row = out[2] * convolution.strideHeight + tap[1] - convolution.paddingHeight
        let column = out[3] * convolution.strideWidth + tap[2] - convolution.paddingWidth
        guard (0..<x[2]).contains(row), (0..<x[3]).contains(column) else { continue }
        body([out[0], tap[0], row, column], [out[1]] + tap, out)
      }
    }
  }
}

func indices(of shape: Shape) -> [[Int]] {
  shape.extents.reduce([[]]) { prefixes, extent in prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } } }
}

extension Tensor<Double> {
  func at(_ index: [Int]) -> Double { scalars[position(index)] }

  subscript(index: [Int]) -> Double {
    get { at(index) }
    set {
      let position = position(index)
      withScalars { $0[position] = newValue }
    }
  }

  private func position(_ index: [Int]) -> Int { zip(index, shape.strides).reduce(0) { $0 + $1.0 * $1.1 } }
}

extension [Int] {
  fileprivate func moved(_ axis: Int, by offset: Int) -> [Int] {
    enumerated().map { $0.offset == axis ? $0.element + offset : $0.element }
  }
}

extension Pooling {
  fileprivate func window(_ output: [Int]) -> [[Int]] {
    (0..<windowHeight).flatMap { row in
      (0..<windowWidth).map { column in
        [output[0], output[1], output[2] * strideHeight + row, output[3] * strideWidth + column]
      }
    }
  }
}

extension Comparison {
  fileprivate func holds(_ a: Double, _ b: Double) -> Bool {
    switch self {
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    case .equal: a == b
    case .notEqual: a != b
    }
  }
}

/// e^x from its series, after halving the argument until the series converges at once.
func exponential(_ x: Double) -> Double {
  let halvings = max(0, Int(max(abs(x), 1e-9).exponent) + 8)
  let small = x / Double(1 << halvings)
  var (term, sum) = (1.0, 1.0)
  for n in 1...12 {
    term *= small / Double(n)
    sum += term
  }
  return (0..<halvings).reduce(sum) { power, _ in power * power }
}

/// e^(−x²/2) / √2π
func normalDensity(_ x: Double) -> Double { exponential(-x * x / 2) * 0.398_942_280_401_432_7 }

/// 1/2 + φ(x) · (x + x³/3 + x⁵/(3·5) + …)
func normalDistribution(_ x: Double) -> Double {
  var (term, sum) = (x, x)
  for n in 1...200 {
    term *= x * x / Double(2 * n + 1)
    sum += term
  }
  return 0.5 + normalDensity(x) * sum
}

/// ln x by Newton's method on ``exponential(_:)``.
func logarithm(_ x: Double) -> Double {
  var y = Double(x.exponent) * 0.693_147_180_559_945_3
  for _ in 0..<6 { y += 2 * (x - exponential(y)) / (x + exponential(y)) }
  return y
}
