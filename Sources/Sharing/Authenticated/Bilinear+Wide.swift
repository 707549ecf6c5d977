import CKernels
import Tensors

/// Products over Z/2¹²⁸.
extension Bilinear {
  /// `z += form(a, b)`; the time depends on the shapes only.
  func accumulate(_ a: WideTensor, _ b: WideTensor, into z: inout WideTensor) {
    let (inner, outer) = (z.count, (a.count, b.count))
    guard inner > 0, outer.0 > 0, outer.1 > 0 else { return }
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: max(wideScratchCount, 1)) { scratch in
      a.words.withUnsafeBufferPointer { a in
        b.words.withUnsafeBufferPointer { b in
          z.words.withUnsafeMutableBufferPointer { z in
            guard let x = a.baseAddress, let y = b.baseAddress, let target = z.baseAddress,
              let scratch = scratch.baseAddress
            else { return }
            accumulate(
              .init(low: x, high: x + outer.0), .init(low: y, high: y + outer.1),
              into: .init(low: target, high: target + inner), scratch: scratch)
          }
        }
      }
    }
  }

  /// The product of two public or plain tensors.
  func wideProduct(_ a: WideTensor, _ b: WideTensor) -> WideTensor {
    var z = WideTensor(repeating: 0, shape: resultShape)
    accumulate(a, b, into: &z)
    return z
  }

  private var wideScratchCount: Int {
    switch self {
    case .elementwise: 0
    case .matmul(let m, let k, let n, _, _): ck_ring128_matmul_scratch(m, k, n)
    case .conv2d(let product): product.wideForwardScratchCount
    case .conv2dInputGradient(let product): product.wideInputGradientScratchCount
    case .conv2dWeightGradient(let product): product.wideWeightGradientScratchCount
    }
  }

  private func accumulate(
    _ a: WideHalves, _ b: WideHalves, into z: MutableWideHalves, scratch: UnsafeMutablePointer<UInt64>
  ) {
    switch self {
    case .elementwise(let shape): ck_u128_multiply_add(shape.count, a.low, b.low, z.low)
    case .matmul(let m, let k, let n, let transposeLeft, let transposeRight):
      ck_ring128_matmul(
        m, k, n, a.low, a.high, transposeLeft ? m : k, transposeLeft, b.low, b.high, transposeRight ? k : n,
        transposeRight, z.low, z.high, n, scratch)
    case .conv2d(let product): product.forward(a, b, into: z, scratch: scratch)
    case .conv2dInputGradient(let product): product.inputGradient(a, b, into: z, scratch: scratch)
    case .conv2dWeightGradient(let product): product.weightGradient(a, b, into: z, scratch: scratch)
    }
  }
}

/// Where the low and the high halves of words lie.
struct WideHalves {
  let low: UnsafePointer<UInt64>
  let high: UnsafePointer<UInt64>

  static func + (halves: WideHalves, offset: Int) -> WideHalves {
    WideHalves(low: halves.low + offset, high: halves.high + offset)
  }
}

struct MutableWideHalves {
  let low: UnsafeMutablePointer<UInt64>
  let high: UnsafeMutablePointer<UInt64>

  static func + (halves: MutableWideHalves, offset: Int) -> MutableWideHalves {
    MutableWideHalves(low: halves.low + offset, high: halves.high + offset)
  }
}

/// Convolutions image by image, as products of matrices over patches.
extension PlaneProduct {
  var wideForwardScratchCount: Int {
    2 * patch * positions + ck_ring128_matmul_scratch(outputChannels, patch, positions)
  }
  var wideInputGradientScratchCount: Int {
    6 * patch * positions + 4 * imageCount + ck_ring128_matmul_scratch(patch, outputChannels, positions)
  }
  var wideWeightGradientScratchCount: Int {
    2 * patch * positions + ck_ring128_matmul_scratch(outputChannels, positions, patch)
  }

  /// The patches of an image, low halves before high ones.
  private func columns(of image: WideHalves, into columns: UnsafeMutablePointer<UInt64>) -> WideHalves {
    for (half, target) in [(image.low, columns), (image.high, columns + patch * positions)] {
      ck_im2col_u64(
        inputChannels, height, width, kernelHeight, kernelWidth, strideHeight, strideWidth, paddingHeight,
        paddingWidth, half, target)
    }
    return WideHalves(low: columns, high: columns + patch * positions)
  }

  func forward(
    _ x: WideHalves, _ weight: WideHalves, into z: MutableWideHalves, scratch: UnsafeMutablePointer<UInt64>
  ) {
    for image in 0..<batch {
      let columns = columns(of: x + image * imageCount, into: scratch)
      let target = z + image * resultCount
      ck_ring128_matmul(
        outputChannels, patch, positions, weight.low, weight.high, patch, false, columns.low, columns.high, positions,
        false, target.low, target.high, positions, scratch + 2 * patch * positions)
    }
  }

  /// `columns = weightᵀ · upstream`, added back to the pixels they came from limb by limb.
  func inputGradient(
    _ upstream: WideHalves, _ weight: WideHalves, into z: MutableWideHalves, scratch: UnsafeMutablePointer<UInt64>
  ) {
    let count = patch * positions
    let limbs = scratch + 2 * count
    let pixels = limbs + 4 * count
    var sum = [UInt64](repeating: 0, count: 2 * imageCount)
    for image in 0..<batch {
      scratch.update(repeating: 0, count: 2 * count)
      let source = upstream + image * resultCount
      ck_ring128_matmul(
        patch, outputChannels, positions, weight.low, weight.high, patch, true, source.low, source.high, positions,
        false, scratch, scratch + count, positions, pixels + 4 * imageCount)
      ck_u128_split(count, scratch, limbs)
      pixels.update(repeating: 0, count: 4 * imageCount)
      for limb in 0..<4 {
        ck_col2im_u64(
          inputChannels, height, width, kernelHeight, kernelWidth, strideHeight, strideWidth, paddingHeight,
          paddingWidth, limbs + limb * count, pixels + limb * imageCount)
      }
      let target = z + image * imageCount
      sum.withUnsafeMutableBufferPointer { sum in
        guard let base = sum.baseAddress else { return }
        base.update(from: target.low, count: imageCount)
        (base + imageCount).update(from: target.high, count: imageCount)
        ck_u128_join_add(imageCount, pixels, base)
        target.low.update(from: base, count: imageCount)
        target.high.update(from: base + imageCount, count: imageCount)
      }
    }
  }

  /// `z [o, patch] += upstream [o, p] · columns(x)ᵀ`, summed over the batch.
  func weightGradient(
    _ x: WideHalves, _ upstream: WideHalves, into z: MutableWideHalves, scratch: UnsafeMutablePointer<UInt64>
  ) {
    for image in 0..<batch {
      let columns = columns(of: x + image * imageCount, into: scratch)
      let source = upstream + image * resultCount
      ck_ring128_matmul(
        outputChannels, positions, patch, source.low, source.high, positions, false, columns.low, columns.high,
        positions, true, z.low, z.high, patch, scratch + 2 * patch * positions)
    }
  }
}
