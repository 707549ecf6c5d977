import Tensors

/// Turns a graph into the steps of the plain engine.
///
/// Nodes no output needs are left out. Reshaping is free: a reshaped value is its operand's memory. Fused into one step
/// are a product with the bias and the ReLU that follow it, and the gradient of a ReLU (which gives 0 at places where
/// the operand was not positive even if the upstream gradient is infinite). Repeated operands of element-wise operations
/// are read where they are instead of being copied.
struct Lowering {
  private(set) var steps: [Step] = []
  /// Values that never change.
  private(set) var constants: [(value: Int, scalar: Float)] = []
  /// For each node the value that holds it.
  private(set) var values: [Int]

  private var nodes: [LoweredNode]
  private let outputs: [Int]

  init(_ graph: Graph) {
    nodes = graph.nodes.map { LoweredNode(operation: $0.operation, operands: $0.operands, shape: $0.shape) }
    outputs = graph.outputs
    values = Array(nodes.indices)
    readThroughBroadcasts()
    shareReLUBits()
    markReLUGradients()
    alias()
    fuseEpilogues()
    let isLive = liveNodes()
    for index in nodes.indices where isLive[index] && values[index] == index { lower(index) }
  }

  /// A value for each output that nothing else lies in: inputs, constants and values returned twice are copied.
  mutating func placeOutputs() -> [Int] {
    var taken = Set(constants.map(\.value))
    for index in nodes.indices { if case .input = nodes[index].operation { taken.insert(index) } }
    return outputs.map { output in
      if taken.insert(values[output]).inserted { return values[output] }
      return appendCopy(of: output, shape: nodes[output].shape)
    }
  }

  /// A node beyond the graph's own that repeats another under NumPy's rules.
  private mutating func appendCopy(of node: Int, shape: Shape) -> Int {
    let index = nodes.count
    nodes.append(LoweredNode(operation: .broadcast(shape), operands: [node], shape: shape))
    values.append(index)
    view(index, strides: nodes[node].shape.strides(broadcastTo: shape))
    return index
  }

  /// How many scalars the memory of a value holds.
  func count(of value: Int) -> Int { nodes[value].shape.count }
}

/// A node on its way to becoming a step.
private struct LoweredNode {
  var operation: Operation
  var operands: [Int]
  let shape: Shape
  var fusion = Fusion.none

  enum Fusion {
    case none
    /// The node's own step is part of a later one.
    case absorbed
    /// The node is this product, then the bias if there is one, then perhaps a ReLU.
    case product(Int, bias: Int?, relu: Bool)
    /// `operands` are what the ReLU's sign is read from, and the upstream gradient.
    case reluGradient
  }
}

// The rewriting passes, in the order they run.
extension Lowering {
  /// An element-wise operation broadcasts by itself, as long as its other operand gives the shape.
  private mutating func readThroughBroadcasts() {
    for index in nodes.indices where nodes[index].isBinary {
      for side in 0...1 {
        guard case .broadcast = nodes[nodes[index].operands[side]].operation else { continue }
        let inner = nodes[nodes[index].operands[side]].operands[0]
        let other = nodes[nodes[index].operands[1 - side]].shape
        if nodes[inner].shape.broadcast(with: other) == nodes[index].shape { nodes[index].operands[side] = inner }
      }
    }
  }

  /// `x > 0` is `relu(x) > 0`, and so `x` itself need not be kept.
  private mutating func shareReLUBits() {
    var relus: [Int: Int] = [:]
    for index in nodes.indices {
      if case .relu = nodes[index].operation { relus[nodes[index].operands[0]] = index }
      if isPositivityTest(index), let relu = relus[nodes[index].operands[0]] { nodes[index].operands[0] = relu }
    }
  }

  private mutating func markReLUGradients() {
    for index in nodes.indices {
      guard case .multiply = nodes[index].operation else { continue }
      let operands = nodes[index].operands
      guard let side = [1, 0].first(where: { isPositivityTest(operands[$0]) }) else { continue }
      let (tested, upstream) = (nodes[operands[side]].operands[0], operands[1 - side])
      guard nodes[tested].shape == nodes[index].shape, nodes[upstream].shape == nodes[index].shape else { continue }
      nodes[index].operands = [tested, upstream]
      nodes[index].fusion = .reluGradient
    }
  }

  private func isPositivityTest(_ index: Int) -> Bool {
    guard case .compare(.greater) = nodes[index].operation, nodes[nodes[index].operands[1]].shape.count == 1,
      case .constant(0) = nodes[nodes[index].operands[1]].operation
    else { return false }
    return true
  }

  /// Values that are other values under another shape.
  private mutating func alias() {
    for index in nodes.indices {
      switch nodes[index].operation {
      case .reshape: values[index] = values[nodes[index].operands[0]]
      case .broadcast, .transpose, .slice, .pad, .sum, .mean, .max:
        let operand = nodes[index].operands[0]
        if nodes[operand].shape.extents.filter({ $0 != 1 }) == nodes[index].shape.extents.filter({ $0 != 1 }),
          isIdentity(index)
        {
          values[index] = values[operand]
        }
      default: break
      }
    }
  }

  /// Whether a structural operation or reduction of unchanged extents leaves every scalar where it is.
  private func isIdentity(_ index: Int) -> Bool {
    let operand = nodes[nodes[index].operands[0]].shape
    switch nodes[index].operation {
    case .transpose(let permutation):
      let moved = permutation.filter { operand[$0] != 1 }
      return moved == moved.sorted()
    case .pad, .slice, .sum, .mean, .max: return operand.count == nodes[index].shape.count && operand.count > 0
    default: return true
    }
  }

  private mutating func fuseEpilogues() {
    let isLive = liveNodes()
    var uses = [Int](repeating: 0, count: nodes.count)
    for index in nodes.indices where isLive[index] && values[index] == index {
      for operand in nodes[index].operands { uses[values[operand]] += 1 }
    }
    for output in outputs { uses[values[output]] += 1 }
    for index in nodes.indices where isLive[index] && values[index] == index {
      switch nodes[index].operation {
      case .add:
        for side in 0...1 {
          let (product, bias) = (nodes[index].operands[side], nodes[index].operands[1 - side])
          guard uses[product] == 1, values[product] == product, isProduct(product),
            nodes[product].shape == nodes[index].shape, isBias(nodes[bias].shape, of: product)
          else { continue }
          nodes[index].fusion = .product(product, bias: bias, relu: false)
          nodes[product].fusion = .absorbed
          break
        }
      case .relu:
        let operand = nodes[index].operands[0]
        guard uses[operand] == 1, values[operand] == operand else { continue }
        if case .product(let product, let bias, false) = nodes[operand].fusion {
          nodes[index].fusion = .product(product, bias: bias, relu: true)
          nodes[operand].fusion = .absorbed
        } else if isProduct(operand), case .none = nodes[operand].fusion {
          nodes[index].fusion = .product(operand, bias: nil, relu: true)
          nodes[operand].fusion = .absorbed
        }
      default: break
      }
    }
  }

  private func isProduct(_ index: Int) -> Bool {
    switch nodes[index].operation {
    case .matmul, .conv2d: true
    default: false
    }
  }

  private func isBias(_ shape: Shape, of product: Int) -> Bool {
    let result = nodes[product].shape
    return switch nodes[product].operation {
    case .matmul: shape == [result[1]] || shape == [1, result[1]]
    case .conv2d: shape == [result[1], 1, 1] || shape == [1, result[1], 1, 1]
    default: false
    }
  }

  /// Nodes whose value some output needs.
  private func liveNodes() -> [Bool] {
    var isLive = [Bool](repeating: false, count: nodes.count)
    for output in outputs { isLive[output] = true }
    for index in nodes.indices.reversed() where isLive[index] {
      for operand in nodes[index].operands { isLive[operand] = true }
    }
    return isLive
  }
}

// One step for each node that is left.
extension Lowering {
  private mutating func emit(_ kernel: Kernel, _ operands: [Int], to index: Int, isInPlace: Bool = false) {
    let slots = operands.map { values[$0] } + [Step.none, Step.none, Step.none]
    steps.append(Step(kernel, slots[0], slots[1], slots[2], to: index, isInPlace: isInPlace))
  }

  private mutating func lower(_ index: Int) {
    let node = nodes[index]
    switch node.fusion {
    case .absorbed: return
    case .reluGradient:
      emit(.reluGradient(count: node.shape.count), node.operands, to: index, isInPlace: true)
    case .product(let product, let bias, let relu):
      let operands = nodes[product].operands + (bias.map { [$0] } ?? [])
      emit(self.product(product, Epilogue(hasBias: bias != nil, hasReLU: relu)), operands, to: index)
    case .none: lowerAlone(index)
    }
  }

  private func product(_ index: Int, _ epilogue: Epilogue) -> Kernel {
    let (shape, x) = (nodes[index].shape, nodes[index].operands.map { nodes[$0].shape })
    if case .conv2d(let convolution) = nodes[index].operation {
      return .conv2d(PlaneConvolution(x: x[0], weight: x[1], output: shape, convolution), epilogue)
    }
    guard case .matmul(let left, let right) = nodes[index].operation else {
      preconditionFailure("\(nodes[index].operation.name) is no product")
    }
    return .matmul(
      MatrixProduct(
        m: shape[0], n: shape[1], k: x[0][left ? 0 : 1], transposeLeft: left, transposeRight: right,
        epilogue: epilogue))
  }

  private mutating func lowerAlone(_ index: Int) {
    let (node, shape) = (nodes[index], nodes[index].shape)
    let x = node.operands.map { nodes[$0].shape }
    switch node.operation {
    case .input: return
    case .constant(let scalar): constants.append((index, scalar))
    case .add: binary(.add, index)
    case .subtract: binary(.subtract, index)
    case .multiply: binary(.multiply, index)
    case .divide: binary(.divide, index)
    case .compare(let comparison): binary(.compare(comparison), index)
    case .select: select(index)
    case .negate: elementwise(.scale(-1, count: shape.count), index)
    case .scale(let factor): elementwise(.scale(factor, count: shape.count), index)
    case .shift(let offset): elementwise(.shift(offset, count: shape.count), index)
    case .relu: elementwise(.unary(.relu, count: shape.count), index)
    case .sigmoid: elementwise(.unary(.sigmoid, count: shape.count), index)
    case .tanh: elementwise(.unary(.tanh, count: shape.count), index)
    case .exp: elementwise(.unary(.exp, count: shape.count), index)
    case .log: elementwise(.unary(.log, count: shape.count), index)
    case .reciprocal: elementwise(.unary(.reciprocal, count: shape.count), index)
    case .softmax:
      let columns = shape.extents.last ?? 1
      elementwise(.softmax(rows: shape.count / Swift.max(columns, 1), columns: columns), index)
    case .matmul, .conv2d: emit(product(index, Epilogue()), node.operands, to: index)
    case .conv2dInputGradient(let convolution, _, _):
      let geometry = PlaneConvolution(x: shape, weight: x[1], output: x[0], convolution)
      emit(.conv2dInputGradient(geometry), node.operands, to: index)
    case .conv2dWeightGradient(let convolution, _, _):
      let geometry = PlaneConvolution(x: x[0], weight: shape, output: x[1], convolution)
      emit(.conv2dWeightGradient(geometry), node.operands, to: index)
    case .averagePool2d(let pooling):
      emit(.averagePool(PlanePooling(x: x[0], output: shape, pooling)), node.operands, to: index)
    case .averagePool2dGradient(let pooling, _, _):
      emit(.averagePoolGradient(PlanePooling(x: shape, output: x[0], pooling)), node.operands, to: index)
    case .maxPool2d(let pooling):
      emit(.maxPool(PlanePooling(x: x[0], output: shape, pooling)), node.operands, to: index)
    case .maxPool2dGradient(let pooling):
      emit(.maxPoolGradient(PlanePooling(x: x[0], output: x[1], pooling)), node.operands, to: index)
    case .sum(let axes): sum(index, axes, factor: 1)
    case .mean(let axes): sum(index, axes, factor: Float(shape.count) / Float(x[0].count))
    case .max(let axis):
      let (outer, inner) = (x[0].extents[..<axis].reduce(1, *), x[0].extents[(axis + 1)...].reduce(1, *))
      emit(.max(outer: outer, extent: x[0][axis], inner: inner), node.operands, to: index)
    case .broadcast: view(index, strides: x[0].strides(broadcastTo: shape))
    case .reshape: return
    case .transpose(let permutation): view(index, strides: permutation.map { x[0].strides[$0] })
    case .slice(let axis, let start, _):
      view(index, strides: x[0].strides, offset: start * x[0].strides[axis])
    case .concatenate(let axis): place(index, axis: axis)
    case .pad(let axis, let before, _):
      emit(.fill(0, count: shape.count), [], to: index)
      place(index, axis: axis, from: before)
    }
  }

  private mutating func elementwise(_ kernel: Kernel, _ index: Int) {
    emit(kernel, nodes[index].operands, to: index, isInPlace: true)
  }

  private mutating func binary(_ operation: BinaryOperation, _ index: Int) {
    let (node, result) = (nodes[index], nodes[index].shape)
    let (a, b) = (nodes[node.operands[0]].shape, nodes[node.operands[1]].shape)
    if a == result, b == result {
      elementwise(.binary(operation, count: result.count), index)
    } else {
      let plan = BroadcastPlan(result: result, left: a, right: b)
      emit(.broadcastBinary(operation, plan), node.operands, to: index)
    }
  }

  /// Operands of other shapes are repeated first: values of their own, beyond the graph's.
  private mutating func select(_ index: Int) {
    let shape = nodes[index].shape
    let operands = nodes[index].operands.map { operand in
      nodes[operand].shape == shape ? operand : appendCopy(of: operand, shape: shape)
    }
    emit(.select(count: shape.count), operands, to: index, isInPlace: true)
  }

  private mutating func sum(_ index: Int, _ axes: [Int], factor: Float) {
    let sum = AxisSum(shape: nodes[nodes[index].operands[0]].shape, axes: axes)
    if sum.levels.count == 2, sum.levels[0].isSummed {
      emit(
        .sumRows(rows: sum.levels[0].extent, columns: sum.levels[1].extent, factor: factor), nodes[index].operands,
        to: index)
    } else {
      emit(.sum(sum, factor: factor), nodes[index].operands, to: index)
    }
  }

  private mutating func view(_ index: Int, strides: [Int], offset: Int = 0) {
    let plan = StridedCopy(extents: nodes[index].shape.extents, strides: strides, offset: offset)
    emit(.copy(plan), nodes[index].operands, to: index)
  }

  private mutating func place(_ index: Int, axis: Int, from start: Int = 0) {
    let shape = nodes[index].shape
    let (blocks, inner) = (shape.extents[..<axis].reduce(1, *), shape.extents[(axis + 1)...].reduce(1, *))
    var start = start
    for operand in nodes[index].operands {
      let extent = nodes[operand].shape[axis]
      emit(
        .place(blocks: blocks, run: extent * inner, stride: shape[axis] * inner, offset: start * inner), [operand],
        to: index)
      start += extent
    }
  }
}

extension LoweredNode {
  fileprivate var isBinary: Bool {
    switch operation {
    case .add, .subtract, .multiply, .divide, .compare: true
    default: false
    }
  }
}
