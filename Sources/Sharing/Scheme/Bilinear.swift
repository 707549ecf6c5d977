import CKernels
import Graphs
public import Tensors

/// A product that is linear in each operand, with its shapes: one routine of a scheme serves them all.
public enum Bilinear: Hashable, Sendable, Codable {
  /// Scalar by scalar, both operands of this shape.
  case elementwise(Shape)
  case matmul(m: Int, k: Int, n: Int, transposeLeft: Bool, transposeRight: Bool)
  case conv2d(PlaneProduct)
  case conv2dInputGradient(PlaneProduct)
  case conv2dWeightGradient(PlaneProduct)

  /// The shape of the product.
  public var resultShape: Shape {
    switch self {
    case .elementwise(let shape): shape
    case .matmul(let m, _, let n, _, _): [m, n]
    case .conv2d(let product): product.outputShape
    case .conv2dInputGradient(let product): product.inputShape
    case .conv2dWeightGradient(let product): product.weightShape
    }
  }

  /// The shape of the left operand.
  public var leftShape: Shape {
    switch self {
    case .elementwise(let shape): shape
    case .matmul(let m, let k, _, let transposeLeft, _): transposeLeft ? [k, m] : [m, k]
    case .conv2d(let product), .conv2dWeightGradient(let product): product.inputShape
    case .conv2dInputGradient(let product): product.outputShape
    }
  }

  /// The shape of the right operand.
  public var rightShape: Shape {
    switch self {
    case .elementwise(let shape): shape
    case .matmul(_, let k, let n, _, let transposeRight): transposeRight ? [n, k] : [k, n]
    case .conv2d(let product), .conv2dInputGradient(let product): product.weightShape
    case .conv2dWeightGradient(let product): product.outputShape
    }
  }

  /// Words of scratch space that ``accumulate(_:_:into:scratch:)`` needs.
  var scratchCount: Int {
    switch self {
    case .elementwise: 0
    case .matmul(let m, let k, let n, _, _): ck_ring64_matmul_scratch(m, k, n)
    case .conv2d(let product): product.forwardScratchCount
    case .conv2dInputGradient(let product): product.inputGradientScratchCount
    case .conv2dWeightGradient(let product): product.weightGradientScratchCount
    }
  }

  /// `z += form(a, b)` over ring words; the time depends on the shapes only.
  func accumulate(
    _ a: UnsafePointer<UInt64>, _ b: UnsafePointer<UInt64>, into z: UnsafeMutablePointer<UInt64>,
    scratch: UnsafeMutablePointer<UInt64>
  ) {
    switch self {
    case .elementwise(let shape):
      for index in 0..<shape.count { z[index] &+= a[index] &* b[index] }
    case .matmul(let m, let k, let n, let transposeLeft, let transposeRight):
      ck_ring64_matmul(
        m, k, n, a, transposeLeft ? m : k, transposeLeft, b, transposeRight ? k : n, transposeRight, z, n, scratch)
    case .conv2d(let product): product.forward(a, b, into: z, scratch: scratch)
    case .conv2dInputGradient(let product): product.inputGradient(a, b, into: z, scratch: scratch)
    case .conv2dWeightGradient(let product): product.weightGradient(a, b, into: z, scratch: scratch)
    }
  }

  /// The product of two public or plain tensors.
  public func callAsFunction(_ a: RingTensor, _ b: RingTensor) -> RingTensor {
    var result = RingTensor(repeating: 0, shape: resultShape)
    withScratch { scratch in
      result.withScalars { z in
        guard let base = z.baseAddress else { return }
        a.scalars.withUnsafeBufferPointer { a in
          b.scalars.withUnsafeBufferPointer { b in
            guard let a = a.baseAddress, let b = b.baseAddress else { return }
            accumulate(a, b, into: base, scratch: scratch)
          }
        }
      }
    }
    return result
  }

  /// Lends scratch space for ``accumulate(_:_:into:scratch:)``.
  func withScratch(_ body: (UnsafeMutablePointer<UInt64>) -> Void) {
    let scratch = UnsafeMutablePointer<UInt64>.allocate(capacity: max(scratchCount, 1))
    defer { scratch.deallocate() }
    body(scratch)
  }
}
