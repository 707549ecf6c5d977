import CKernels
public import Tensors

/// A graph made ready to run many times on floats: memory laid out once, no allocation and no look-up while it runs.
///
/// Inputs and outputs are known by number and are read and written where the caller's memory is; memory bound to an
/// output must not overlap that of an input. A program belongs to one thread at a time.
public final class PlainProgram {
  /// Names of the inputs some output needs or the graph declares, in the order of their nodes.
  public let inputNames: [String]
  public let inputShapes: [Shape]
  public let outputShapes: [Shape]

  private let steps: [Step]
  private let plans: KernelPlans
  /// Where each value lies.
  private let places: UnsafeMutableBufferPointer<Target>
  private let memory: WorkMemory.Room
  private let scratch: Target
  private let constants: UnsafeMutableBufferPointer<Float>
  private let inputValues: [Int]
  private let outputValues: [Int]
  /// Memory of the outputs until others are bound.
  private let results: UnsafeMutableBufferPointer<Float>
  private var isBound: [Bool]

  /// Compiles a graph; its shapes are those the program runs with.
  ///
  /// - Parameter memory: where it computes; programs that run by turns may share one.
  public init(_ graph: Graph, in memory: WorkMemory = WorkMemory()) {
    precondition(BLAS.isReady, "OpenBLAS is not there")
    var lowering = Lowering(graph)
    let inputs = graph.inputs.sorted { $0.value < $1.value }
    inputNames = inputs.map(\.key)
    inputValues = inputs.map(\.value)
    inputShapes = inputs.map { graph.nodes[$0.value].shape }
    outputShapes = graph.outputs.map { graph.nodes[$0].shape }
    outputValues = lowering.placeOutputs()
    (steps, plans) = (lowering.steps, lowering.plans)

    let counts = lowering.values.indices.map { lowering.count(of: $0) }
    var arenaCounts = counts
    for value in inputValues + outputValues + lowering.constants.map(\.value) { arenaCounts[value] = 0 }
    let layout = ArenaLayout(steps: steps, counts: arenaCounts)
    let scratchCount = steps.map(\.scratchCount).max() ?? 0
    let constantCount = lowering.constants.reduce(0) { $0 + counts[$1.value] }
    self.memory = memory.room(layout.count + scratchCount)
    let arena = self.memory.scalars.baseAddress!
    scratch = arena + layout.count

    places = .allocate(capacity: counts.count)
    places.initialize(repeating: arena)
    for (value, offset) in layout.offsets.enumerated() where offset >= 0 { places[value] += offset }
    constants = .aligned(count: constantCount)
    var next = constants.baseAddress!
    for (value, scalar) in lowering.constants {
      next.initialize(repeating: scalar, count: counts[value])
      places[value] = next
      next += counts[value]
    }
    results = .aligned(count: outputShapes.reduce(0) { $0 + $1.count })
    next = results.baseAddress!
    for (value, shape) in zip(outputValues, outputShapes) {
      places[value] = next
      next += shape.count
    }
    isBound = [Bool](repeating: false, count: inputNames.count)
  }

  deinit {
    places.deallocate()
    constants.deallocate()
    results.deallocate()
  }

  /// The number of the input of that name.
  public func input(named name: String) -> Int? { inputNames.firstIndex(of: name) }

  /// Says where an input's scalars are; they must stay there while the program runs.
  public func bind(input index: Int, to scalars: UnsafePointer<Float>) {
    places[inputValues[index]] = UnsafeMutablePointer(mutating: scalars)
    isBound[index] = true
  }

  /// Says where an output goes, instead of the program's own memory.
  public func bind(output index: Int, to scalars: UnsafeMutablePointer<Float>) {
    places[outputValues[index]] = scalars
  }

  /// Where an output is after a run.
  public func output(_ index: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: places[outputValues[index]], count: outputShapes[index].count)
  }

  /// Runs the program on what is bound. Every input must be.
  public func run() {
    precondition(isBound.allSatisfy { $0 }, "inputs \(inputNames) are not all bound")
    steps.withUnsafeBufferPointer { for index in $0.indices { run($0[index]) } }
  }

  /// Runs the program on tensors, one for each input.
  public func run(_ inputs: [Tensor<Float>]) -> [Tensor<Float>] {
    precondition(
      inputs.map(\.shape) == inputShapes, "inputs have shapes \(inputs.map(\.shape)), the program takes \(inputShapes)")
    withBound(inputs[...], index: 0)
    return outputShapes.indices.map { index in
      Tensor(shape: outputShapes[index]) { _ = $0.update(from: output(index)) }
    }
  }

  private func withBound(_ inputs: ArraySlice<Tensor<Float>>, index: Int) {
    guard let first = inputs.first else { return run() }
    first.scalars.withUnsafeBufferPointer { scalars in
      bind(input: index, to: scalars.baseAddress ?? Source(scratch))
      withBound(inputs.dropFirst(), index: index + 1)
    }
  }

  private func run(_ step: Step) {
    let out = places[step.result]
    let (a, b, c) = (place(step.operands.0), place(step.operands.1), place(step.operands.2))
    switch step.kernel {
    case .binary(let operation, let count, let left, let right): operation(count, a, left, b, right, out)
    case .broadcastBinary(let operation, let plan): plans.broadcasts[plan](operation, a, b, out)
    case .scaleRows(let rows, let columns): ck_f32_scale_rows(rows, columns, a, b, out)
    case .select(let count): Loop.select(count, a, b, c, out)
    case .unary(let operation, let count): operation(count, a, out)
    case .scale(let factor, let count): ck_f32_scale(count, a, factor, out)
    case .shift(let offset, let count): Loop.shift(count, a, offset, out)
    case .reluGradient(let count): ck_f32_relu_grad(count, a, b, out)
    case .atLeast(let least, let count): ck_f32_at_least(count, a, least, out)
    case .multiplyAdd(let count): ck_f32_mul_add(count, a, b, c, out)
    case .power(let exponent, let count): Loop.power(count, a, exponent, out)
    case .softmax(let rows, let columns): Loop.softmax(rows: rows, columns: columns, a, out)
    case .logSoftmax(let rows, let columns): Loop.logSoftmax(rows: rows, columns: columns, a, out)
    case .matmul(let product): product(a, b, bias: product.epilogue.hasBias ? c : nil, out)
    case .conv2d(let plane, let epilogue):
      plane.forward(a, b, bias: epilogue.hasBias ? c : nil, relu: epilogue.hasReLU, scratch: scratch, out)
    case .conv2dInputGradient(let plane): plane.inputGradient(a, b, scratch: scratch, out)
    case .conv2dWeightGradient(let plane): plane.weightGradient(a, b, scratch: scratch, out)
    case .conv2dExampleGradients(let plane): plane.exampleGradients(a, b, scratch: scratch, out)
    case .conv2dExampleNorms(let plane): plane.exampleNorms(a, b, scratch: scratch, out)
    case .averagePool(let pool): pool.average(a, out)
    case .averagePoolGradient(let pool): pool.averageGradient(a, out)
    case .maxPool(let pool): pool.maximum(a, out)
    case .maxPoolGradient(let pool): pool.maximumGradient(a, b, out)
    case .sum(let plan, let factor):
      plans.sums[plan](from: a, to: out)
      if factor != 1 { ck_f32_scale(plans.sums[plan].shape.count, out, factor, out) }
    case .sumRows(let rows, let columns, let factor):
      if rows > 0 { ck_f32_sum_rows(rows, columns, a, out) } else { out.update(repeating: 0, count: columns) }
      if factor != 1 { ck_f32_scale(columns, out, factor, out) }
    case .rowSquares(let rows, let columns): ck_f32_row_squares(rows, columns, a, out)
    case .max(let runs): runs.maximum(a, out)
    case .argmax(let runs): runs.firstMaximum(a, out)
    case .gather(let runs, let indices): runs.gather(plans.indices[indices], a, out)
    case .scatter(let runs, let indices): runs.scatter(plans.indices[indices], a, out)
    case .copy(let plan): plans.copies[plan](from: a, to: out)
    case .place(let blocks, let run, let stride, let offset):
      Loop.place(blocks: blocks, run: run, stride: stride, offset: offset, a, out)
    case .fill(let scalar, let count): out.update(repeating: scalar, count: count)
    }
  }

  @inline(__always)
  private func place(_ value: Int) -> Source { Source(value >= 0 ? places[value] : scratch) }
}

extension Step {
  fileprivate var scratchCount: Int {
    switch kernel {
    case .conv2d(let plane, _), .conv2dInputGradient(let plane), .conv2dWeightGradient(let plane),
      .conv2dExampleGradients(let plane):
      plane.scratchCount
    case .conv2dExampleNorms(let plane): plane.scratchCount + plane.normScratchCount
    default: 0
    }
  }
}
