import Graphs
import Tensors

/// Linear maps of pooling on ring words.
extension Tensor where Scalar == UInt64 {
  /// The sums over the windows of each plane.
  func summedWindows(_ pooling: Pooling, to shape: Shape) -> RingTensor {
    let (height, width) = (self.shape[2], self.shape[3])
    let (outHeight, outWidth) = (shape[2], shape[3])
    return RingTensor(shape: shape) { target in
      scalars.withUnsafeBufferPointer { source in
        var place = 0
        for plane in 0..<shape[0] * shape[1] {
          for row in 0..<outHeight {
            for column in 0..<outWidth {
              var sum: UInt64 = 0
              for y in 0..<pooling.windowHeight {
                let start =
                  (plane * height + row * pooling.strideHeight + y) * width + column * pooling.strideWidth
                for x in 0..<pooling.windowWidth { sum &+= source[start + x] }
              }
              target[place] = sum
              place += 1
            }
          }
        }
      }
    }
  }

  /// The transposed map: each scalar added to every place of its window.
  func spreadWindows(_ pooling: Pooling, to shape: Shape) -> RingTensor {
    let (outHeight, outWidth) = (self.shape[2], self.shape[3])
    var result = RingTensor(repeating: 0, shape: shape)
    result.withScalars { target in
      var place = 0
      for plane in 0..<shape[0] * shape[1] {
        for row in 0..<outHeight {
          for column in 0..<outWidth {
            for y in 0..<pooling.windowHeight {
              let start =
                (plane * shape[2] + row * pooling.strideHeight + y) * shape[3] + column * pooling.strideWidth
              for x in 0..<pooling.windowWidth { target[start + x] &+= scalars[place] }
            }
            place += 1
          }
        }
      }
    }
    return result
  }

  /// The windows' scalars side by side: `[window, b, c, h', w']` flattened behind the first axis.
  func gatheredWindows(_ pooling: Pooling, to shape: Shape) -> RingTensor {
    let (height, width) = (self.shape[2], self.shape[3])
    let (outHeight, outWidth) = (shape[2], shape[3])
    return RingTensor(shape: pooling.gatheredShape(shape)) { target in
      var place = 0
      for y in 0..<pooling.windowHeight {
        for x in 0..<pooling.windowWidth {
          for plane in 0..<shape[0] * shape[1] {
            for row in 0..<outHeight {
              let start = (plane * height + row * pooling.strideHeight + y) * width + x
              for column in 0..<outWidth {
                target[place] = scalars[start + column * pooling.strideWidth]
                place += 1
              }
            }
          }
        }
      }
    }
  }

  /// The transposed map of ``gatheredWindows(_:to:)``: `shape` is the pooled one.
  func scatteredWindows(_ pooling: Pooling, from shape: Shape, to target: Shape) -> RingTensor {
    let (height, width) = (target[2], target[3])
    let (outHeight, outWidth) = (shape[2], shape[3])
    var result = RingTensor(repeating: 0, shape: target)
    result.withScalars { target in
      scalars.withUnsafeBufferPointer { source in
        var place = 0
        for y in 0..<pooling.windowHeight {
          for x in 0..<pooling.windowWidth {
            for plane in 0..<shape[0] * shape[1] {
              for row in 0..<outHeight {
                let start = (plane * height + row * pooling.strideHeight + y) * width + x
                for column in 0..<outWidth {
                  target[start + column * pooling.strideWidth] &+= source[place]
                  place += 1
                }
              }
            }
          }
        }
      }
    }
    return result
  }
}

extension Pooling {
  func gatheredShape(_ output: Shape) -> Shape { [windowHeight * windowWidth, output.count] }
}

extension Bilinear {
  /// The form of a bilinear operation on operands of the given shapes; `nil` where they do not fit.
  init?(_ operation: Operation, _ shapes: [Shape]) {
    let (a, b) = (shapes[0], shapes[1])
    switch operation {
    case .matmul(let transposeLeft, let transposeRight):
      let (m, k) = transposeLeft ? (a[1], a[0]) : (a[0], a[1])
      self = .matmul(
        m: m, k: k, n: transposeRight ? b[0] : b[1], transposeLeft: transposeLeft, transposeRight: transposeRight)
    case .conv2d(let convolution):
      guard let product = PlaneProduct(input: a, weight: b, convolution) else { return nil }
      self = .conv2d(product)
    case .conv2dInputGradient(let convolution, let height, let width):
      let input: Shape = [a[0], b[1], height, width]
      guard let product = PlaneProduct(input: input, weight: b, convolution) else { return nil }
      self = .conv2dInputGradient(product)
    case .conv2dWeightGradient(let convolution, let kernelHeight, let kernelWidth):
      let weight: Shape = [b[1], a[1], kernelHeight, kernelWidth]
      guard let product = PlaneProduct(input: a, weight: weight, convolution) else { return nil }
      self = .conv2dWeightGradient(product)
    default: return nil
    }
  }
}
