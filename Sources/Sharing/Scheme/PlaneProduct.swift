import CKernels
package import Graphs
package import Tensors

/// The extents of a two-dimensional convolution and its gradients, as matrix products over patches.
public struct PlaneProduct: Hashable, Sendable, Codable {
  public let batch: Int
  public let inputChannels: Int
  public let height: Int
  public let width: Int
  public let outputChannels: Int
  public let kernelHeight: Int
  public let kernelWidth: Int
  public let outputHeight: Int
  public let outputWidth: Int
  let strideHeight: Int
  let strideWidth: Int
  let paddingHeight: Int
  let paddingWidth: Int

  /// `nil` where the kernel does not fit.
  package init?(input: Shape, weight: Shape, _ convolution: Convolution) {
    guard
      let size = convolution.outputSize(
        height: input[2], width: input[3], kernelHeight: weight[2], kernelWidth: weight[3])
    else { return nil }
    batch = input[0]
    inputChannels = input[1]
    height = input[2]
    width = input[3]
    outputChannels = weight[0]
    kernelHeight = weight[2]
    kernelWidth = weight[3]
    outputHeight = size.height
    outputWidth = size.width
    strideHeight = convolution.strideHeight
    strideWidth = convolution.strideWidth
    paddingHeight = convolution.paddingHeight
    paddingWidth = convolution.paddingWidth
  }

  var inputShape: Shape { [batch, inputChannels, height, width] }
  var weightShape: Shape { [outputChannels, inputChannels, kernelHeight, kernelWidth] }
  var outputShape: Shape { [batch, outputChannels, outputHeight, outputWidth] }

  var patch: Int { inputChannels * kernelHeight * kernelWidth }
  var positions: Int { outputHeight * outputWidth }
  var imageCount: Int { inputChannels * height * width }
  var resultCount: Int { outputChannels * positions }

  /// Images whose patches form one matrix: small planes are taken together, so that the product's tiles fill.
  private var group: Int { Swift.max(1, Swift.min(batch, 256 / Swift.max(positions, 1))) }

  var forwardScratchCount: Int {
    let columns = group * positions
    let single = group > 1 ? patch * positions + outputChannels * columns : 0
    return patch * columns + single + ck_ring64_matmul_scratch(outputChannels, patch, columns)
  }
  var inputGradientScratchCount: Int {
    patch * positions + ck_ring64_matmul_scratch(patch, outputChannels, positions)
  }
  var weightGradientScratchCount: Int {
    patch * positions + ck_ring64_matmul_scratch(outputChannels, positions, patch)
  }

  /// The patches of an image, [patch, positions].
  func columns(of image: UnsafePointer<UInt64>, into columns: UnsafeMutablePointer<UInt64>) {
    ck_im2col_u64(
      inputChannels, height, width, kernelHeight, kernelWidth, strideHeight, strideWidth, paddingHeight,
      paddingWidth, image, columns)
  }

  /// `z [b, o, p] += weight [o, patch] · columns(x) [patch, p]`, image by image or group by group.
  func forward(
    _ x: UnsafePointer<UInt64>, _ weight: UnsafePointer<UInt64>, into z: UnsafeMutablePointer<UInt64>,
    scratch: UnsafeMutablePointer<UInt64>
  ) {
    var image = 0
    while image < batch {
      let count = Swift.min(group, batch - image)
      let columnCount = count * positions
      let product = scratch + (patch * group * positions)
      if count == 1 {
        columns(of: x + (image * imageCount), into: scratch)
        let free = group > 1 ? product + (patch * positions + outputChannels * group * positions) : product
        ck_ring64_matmul(
          outputChannels, patch, positions, weight, patch, false, scratch, positions, false,
          z + (image * resultCount), positions, free)
      } else {
        let single = product + (outputChannels * group * positions)
        for member in 0..<count {
          columns(of: x + ((image + member) * imageCount), into: single)
          for row in 0..<patch {
            (scratch + (row * columnCount + member * positions))
              .update(from: single + (row * positions), count: positions)
          }
        }
        product.update(repeating: 0, count: outputChannels * columnCount)
        ck_ring64_matmul(
          outputChannels, patch, columnCount, weight, patch, false, scratch, columnCount, false, product,
          columnCount, single + (patch * positions))
        for member in 0..<count {
          for channel in 0..<outputChannels {
            let target = z + ((image + member) * resultCount + channel * positions)
            ck_u64_add(positions, target, product + (channel * columnCount + member * positions), target)
          }
        }
      }
      image += count
    }
  }

  /// Images from their patches, each added back to the pixels they came from.
  func images(ofColumns columns: [RingTensor]) -> RingTensor {
    RingTensor(shape: inputShape) { target in
      target.initialize(repeating: 0)
      guard let base = target.baseAddress else { return }
      for (image, columns) in columns.enumerated() {
        ck_col2im_u64(
          inputChannels, height, width, kernelHeight, kernelWidth, strideHeight, strideWidth, paddingHeight,
          paddingWidth, columns.scalars, base + image * imageCount)
      }
    }
  }

  /// `columns = weightᵀ · upstream`, added back to the pixels they came from.
  func inputGradient(
    _ upstream: UnsafePointer<UInt64>, _ weight: UnsafePointer<UInt64>, into z: UnsafeMutablePointer<UInt64>,
    scratch: UnsafeMutablePointer<UInt64>
  ) {
    for image in 0..<batch {
      scratch.update(repeating: 0, count: patch * positions)
      ck_ring64_matmul(
        patch, outputChannels, positions, weight, patch, true, upstream + (image * resultCount), positions, false,
        scratch, positions, scratch + (patch * positions))
      ck_col2im_u64(
        inputChannels, height, width, kernelHeight, kernelWidth, strideHeight, strideWidth, paddingHeight,
        paddingWidth, scratch, z + (image * imageCount))
    }
  }

  /// `z [o, patch] += upstream [o, p] · columns(x)ᵀ`, summed over the batch.
  func weightGradient(
    _ x: UnsafePointer<UInt64>, _ upstream: UnsafePointer<UInt64>, into z: UnsafeMutablePointer<UInt64>,
    scratch: UnsafeMutablePointer<UInt64>
  ) {
    for image in 0..<batch {
      columns(of: x + (image * imageCount), into: scratch)
      ck_ring64_matmul(
        outputChannels, positions, patch, upstream + (image * resultCount), positions, false, scratch, positions,
        true, z, patch, scratch + (patch * positions))
    }
  }
}
