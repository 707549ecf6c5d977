import Tensors

// One step for each node that is left.
extension Lowering {
  private mutating func emit(_ kernel: Kernel, _ operands: [Int], to index: Int, isInPlace: Bool = false) {
    let slots = operands.map { values[$0] } + [Step.none, Step.none, Step.none]
    steps.append(Step(kernel, slots[0], slots[1], slots[2], to: index, isInPlace: isInPlace))
  }

  mutating func lower(_ index: Int) {
    let node = nodes[index]
    switch node.fusion {
    case .absorbed: return
    case .reluGradient:
      emit(.reluGradient(count: node.shape.count), node.operands, to: index, isInPlace: true)
    case .multiplyAdd:
      emit(.multiplyAdd(count: node.shape.count), node.operands, to: index, isInPlace: true)
    case .atLeast(let least):
      emit(.atLeast(least, count: node.shape.count), node.operands, to: index, isInPlace: true)
    case .rowSquares:
      let shape = nodes[node.operands[0]].shape
      emit(
        .rowSquares(rows: shape[0], columns: shape.count / Swift.max(shape[0], 1)), node.operands, to: index)
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
    case .inverseSquareRoot: elementwise(.unary(.inverseSquareRoot, count: shape.count), index)
    case .gelu: elementwise(.unary(.gelu, count: shape.count), index)
    case .geluGradient: elementwise(.unary(.geluGradient, count: shape.count), index)
    case .power(let exponent): elementwise(.power(exponent, count: shape.count), index)
    case .softmax:
      let columns = shape.extents.last ?? 1
      elementwise(.softmax(rows: shape.count / Swift.max(columns, 1), columns: columns), index)
    case .logSoftmax:
      let columns = shape.extents.last ?? 1
      elementwise(.logSoftmax(rows: shape.count / Swift.max(columns, 1), columns: columns), index)
    case .matmul, .conv2d: emit(product(index, Epilogue()), node.operands, to: index)
    case .conv2dInputGradient(let convolution, _, _):
      let geometry = PlaneConvolution(x: shape, weight: x[1], output: x[0], convolution)
      emit(.conv2dInputGradient(geometry), node.operands, to: index)
    case .conv2dWeightGradient(let convolution, _, _):
      let geometry = PlaneConvolution(x: x[0], weight: shape, output: x[1], convolution)
      emit(.conv2dWeightGradient(geometry), node.operands, to: index)
    case .conv2dExampleGradients(let convolution, _, _):
      let weight = Shape(Array(shape.extents.dropFirst()))
      let geometry = PlaneConvolution(x: x[0], weight: weight, output: x[1], convolution)
      emit(.conv2dExampleGradients(geometry), node.operands, to: index)
    case .conv2dExampleNorms(let convolution, let kernelHeight, let kernelWidth):
      let weight: Shape = [x[1][1], x[0][1], kernelHeight, kernelWidth]
      let geometry = PlaneConvolution(x: x[0], weight: weight, output: x[1], convolution)
      emit(.conv2dExampleNorms(geometry), node.operands, to: index)
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
    case .max(let axis): emit(.max(AxisRuns(x[0], axis: axis)), node.operands, to: index)
    case .argmax(let axis): emit(.argmax(AxisRuns(x[0], axis: axis)), node.operands, to: index)
    case .broadcast: view(index, strides: x[0].strides(broadcastTo: shape))
    case .reshape: return
    case .transpose(let permutation): view(index, strides: permutation.map { x[0].strides[$0] })
    case .slice(let axis, let start, _):
      view(index, strides: x[0].strides, offset: start * x[0].strides[axis])
    case .concatenate(let axis): place(index, axis: axis)
    case .pad(let axis, let before, _):
      emit(.fill(0, count: shape.count), [], to: index)
      place(index, axis: axis, from: before)
    case .gather(let axis, let indices):
      emit(.gather(AxisRuns(x[0], axis: axis), indices: plans.add(indices, to: \.indices)), node.operands, to: index)
    case .scatter(let axis, let indices, _):
      emit(.scatter(AxisRuns(shape, axis: axis), indices: plans.add(indices, to: \.indices)), node.operands, to: index)
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
      let kernel: Kernel =
        if case .multiply = operation, plan.scalesRows {
          .scaleRows(rows: plan.extents[0], columns: plan.extents[1])
        } else if plan.isRun {
          .binary(operation, count: plan.extents[0], leftStride: plan.left[0], rightStride: plan.right[0])
        } else { .broadcastBinary(operation, plan: plans.add(plan, to: \.broadcasts)) }
      emit(kernel, node.operands, to: index)
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
      emit(.sum(plan: plans.add(sum, to: \.sums), factor: factor), nodes[index].operands, to: index)
    }
  }

  mutating func view(_ index: Int, strides: [Int], offset: Int = 0) {
    let plan = StridedCopy(extents: nodes[index].shape.extents, strides: strides, offset: offset)
    emit(.copy(plan: plans.add(plan, to: \.copies)), nodes[index].operands, to: index)
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
