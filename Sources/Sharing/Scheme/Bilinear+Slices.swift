import CKernels

/// Products as sums over slices: pieces of a matrix product's inner dimension, or images of a convolution's batch.
extension Bilinear {
  /// How many of the smallest slices there are; 0 where slicing costs more than it gives.
  var sliceCount: Int {
    switch self {
    case .elementwise: 0
    case .matmul(let m, let k, let n, _, _): min(m, n) >= 16 && k >= 48 ? k : 0
    case .conv2d(let product), .conv2dInputGradient(let product), .conv2dWeightGradient(let product): product.batch
    }
  }

  /// Adds a range of slices: `z += form(a, b)` restricted to them. All ranges together give the whole product.
  ///
  /// - Parameter scratch: as for the whole product.
  func accumulate(
    slices range: Range<Int>, _ a: UnsafePointer<UInt64>, _ b: UnsafePointer<UInt64>,
    into z: UnsafeMutablePointer<UInt64>, scratch: UnsafeMutablePointer<UInt64>
  ) {
    let start = range.lowerBound
    switch self {
    case .elementwise: break
    case .matmul(let m, let k, let n, let transposeLeft, let transposeRight):
      ck_ring64_matmul(
        m, range.count, n, a + (transposeLeft ? start * m : start), transposeLeft ? m : k, transposeLeft,
        b + (transposeRight ? start : start * n), transposeRight ? k : n, transposeRight, z, n, scratch)
    case .conv2d(let product):
      product.taking(images: range.count)
        .forward(a + start * product.imageCount, b, into: z + start * product.resultCount, scratch: scratch)
    case .conv2dInputGradient(let product):
      product.taking(images: range.count)
        .inputGradient(a + start * product.resultCount, b, into: z + start * product.imageCount, scratch: scratch)
    case .conv2dWeightGradient(let product):
      product.taking(images: range.count)
        .weightGradient(a + start * product.imageCount, b + start * product.resultCount, into: z, scratch: scratch)
    }
  }
}
