import Tensors

/// One step of a plain program: a loop with all its extents, on values that are known by number.
///
/// Plain numbers alone, so that running a step counts no references: what needs lists is in the program's ``KernelPlans``.
struct Step {
  var kernel: Kernel
  /// Values read; those a kernel does not use are `Step.none`.
  var operands: (Int, Int, Int)
  /// The value written; several steps may write parts of one.
  let result: Int
  /// Whether the result may lie where the first or second operand did.
  var isInPlace = false

  static let none = -1

  init(_ kernel: Kernel, _ a: Int = none, _ b: Int = none, _ c: Int = none, to result: Int, isInPlace: Bool = false) {
    self.kernel = kernel
    operands = (a, b, c)
    self.result = result
    self.isInPlace = isInPlace
  }
}

/// Lists that kernels walk by, known to them by number.
struct KernelPlans {
  var broadcasts: [BroadcastPlan] = []
  var sums: [AxisSum] = []
  var copies: [StridedCopy] = []
  var indices: [[Int]] = []

  /// Gives the number of what is added.
  mutating func add<Plan>(_ plan: Plan, to list: WritableKeyPath<KernelPlans, [Plan]>) -> Int {
    self[keyPath: list].append(plan)
    return self[keyPath: list].count - 1
  }
}

/// The loops of the plain engine.
enum Kernel {
  /// An operand's stride is 1, or 0 where one scalar serves all.
  case binary(BinaryOperation, count: Int, leftStride: Int = 1, rightStride: Int = 1)
  case broadcastBinary(BinaryOperation, plan: Int)
  /// Each row of the first operand times a scalar of the second.
  case scaleRows(rows: Int, columns: Int)
  case select(count: Int)
  case unary(UnaryOperation, count: Int)
  case scale(Float, count: Int)
  case shift(Float, count: Int)
  /// `(y or x of a ReLU, upstream)`
  case reluGradient(count: Int)
  /// No less than the scalar.
  case atLeast(Float, count: Int)
  /// The first operand times the second, plus the third.
  case multiplyAdd(count: Int)
  case power(Int, count: Int)
  case softmax(rows: Int, columns: Int)
  case logSoftmax(rows: Int, columns: Int)
  case matmul(MatrixProduct)
  case conv2d(PlaneConvolution, Epilogue)
  case conv2dInputGradient(PlaneConvolution)
  case conv2dWeightGradient(PlaneConvolution)
  case conv2dExampleGradients(PlaneConvolution)
  case conv2dExampleNorms(PlaneConvolution)
  case averagePool(PlanePooling)
  case averagePoolGradient(PlanePooling)
  case maxPool(PlanePooling)
  case maxPoolGradient(PlanePooling)
  case sum(plan: Int, factor: Float)
  case sumRows(rows: Int, columns: Int, factor: Float)
  case rowSquares(rows: Int, columns: Int)
  case max(AxisRuns)
  case argmax(AxisRuns)
  /// Runs of the operand with these indices.
  case gather(AxisRuns, indices: Int)
  /// The operand's runs, added to the result's runs with these indices.
  case scatter(AxisRuns, indices: Int)
  /// Transposed, sliced or broadcast.
  case copy(plan: Int)
  /// Blocks of `run` scalars, `stride` apart in the result, from `offset` on.
  case place(blocks: Int, run: Int, stride: Int, offset: Int)
  case fill(Float, count: Int)
}

enum UnaryOperation {
  case relu, sigmoid, tanh, exp, log, reciprocal, inverseSquareRoot, gelu, geluGradient
}

enum BinaryOperation {
  case add, subtract, multiply, divide
  case compare(Comparison)
}

/// A tensor seen along one axis: `outer` blocks of `extent` runs of `inner` scalars.
struct AxisRuns {
  let outer: Int
  let extent: Int
  let inner: Int

  init(_ shape: Shape, axis: Int) {
    outer = shape.extents[..<axis].reduce(1, *)
    extent = shape[axis]
    inner = shape.extents[(axis + 1)...].reduce(1, *)
  }
}

/// What is done to a product while it is still in the cache.
struct Epilogue {
  /// The third operand is added to every row of a matrix product, or to every plane of a convolution.
  var hasBias = false
  var hasReLU = false
}

/// `[m, k] · [k, n] → [m, n]`
struct MatrixProduct {
  let m: Int
  let n: Int
  let k: Int
  let transposeLeft: Bool
  let transposeRight: Bool
  var epilogue = Epilogue()
}

/// A convolution of `images` images with `filters` filters; see ``Convolution``.
struct PlaneConvolution {
  let images: Int
  let channels: Int
  let height: Int
  let width: Int
  let filters: Int
  let kernelHeight: Int
  let kernelWidth: Int
  let outputHeight: Int
  let outputWidth: Int
  let convolution: Convolution

  init(x: Shape, weight: Shape, output: Shape, _ convolution: Convolution) {
    (images, channels, height, width) = (x[0], x[1], x[2], x[3])
    (filters, kernelHeight, kernelWidth) = (weight[0], weight[2], weight[3])
    (outputHeight, outputWidth) = (output[2], output[3])
    self.convolution = convolution
  }

  var imageCount: Int { channels * height * width }
  var outputPlane: Int { outputHeight * outputWidth }
  var patch: Int { channels * kernelHeight * kernelWidth }
  /// Whether an image is its own matrix of patches.
  var isPointwise: Bool { kernelHeight == 1 && kernelWidth == 1 && convolution == Convolution() }
  /// How many scalars of scratch memory one image needs.
  var scratchCount: Int { isPointwise ? 0 : patch * outputPlane }
  /// Whether products of positions are less work than one image's gradient.
  var usesGrams: Bool { outputPlane * (patch + filters) < filters * patch }
  var normScratchCount: Int { usesGrams ? 2 * outputPlane * outputPlane : filters * patch }
}

/// A pooling of `planes` planes; see ``Pooling``.
struct PlanePooling {
  let planes: Int
  let height: Int
  let width: Int
  let outputHeight: Int
  let outputWidth: Int
  let pooling: Pooling

  init(x: Shape, output: Shape, _ pooling: Pooling) {
    planes = x[0] * x[1]
    (height, width, outputHeight, outputWidth) = (x[2], x[3], output[2], output[3])
    self.pooling = pooling
  }
}

/// How two operands of different shapes are walked together; along each axis an operand moves or stays.
struct BroadcastPlan {
  /// Merged axes of the result, outermost first; never empty.
  private(set) var extents: [Int] = []
  private(set) var left: [Int] = []
  private(set) var right: [Int] = []

  init(result: Shape, left a: Shape, right b: Shape) {
    let (leftStrides, rightStrides) = (a.strides(broadcastTo: result), b.strides(broadcastTo: result))
    for (axis, extent) in result.extents.enumerated() where extent != 1 {
      let (l, r) = (leftStrides[axis], rightStrides[axis])
      if let lastLeft = left.last, let lastRight = right.last, lastLeft == l * extent, lastRight == r * extent {
        extents[extents.count - 1] *= extent
        left[left.count - 1] = l
        right[right.count - 1] = r
      } else {
        extents.append(extent)
        left.append(l)
        right.append(r)
      }
    }
    if extents.isEmpty { (extents, left, right) = ([1], [1], [1]) }
  }

  /// Whether rows of the left operand meet a scalar each.
  var scalesRows: Bool { extents.count == 2 && left == [extents[1], 1] && right == [1, 0] }
  /// Whether there is one axis, along which each operand moves by one scalar or stays.
  var isRun: Bool { extents.count == 1 && max(left[0], right[0]) <= 1 }
}
