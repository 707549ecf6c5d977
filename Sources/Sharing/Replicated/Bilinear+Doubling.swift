import CKernels
import Tensors

extension Bilinear {
  /// Whether a replicated product is computed at twice its value: half the multiplications for each scalar of the result, for
  /// one pass over each operand and up to three more bytes a scalar of the result.
  var isCheaperDoubled: Bool {
    let operands = leftShape.count + rightShape.count
    return depth >= 128 && resultShape.count * depth >= 16 * operands
  }

  /// How many products are summed up for a scalar of the result, the padding of convolutions included.
  private var depth: Int {
    switch self {
    case .elementwise: 1
    case .matmul(_, let k, _, _, _): k
    case .conv2d(let product): product.inputChannels * product.kernelHeight * product.kernelWidth
    case .conv2dInputGradient(let product): product.outputChannels * product.kernelHeight * product.kernelWidth
    case .conv2dWeightGradient(let product): product.batch * product.outputHeight * product.outputWidth
    }
  }
}

extension ReplicatedShare {
  /// The sum of both components, each times a weight.
  func weighted(_ weights: (UInt64, UInt64)) -> RingTensor {
    RingTensor(shape: shape) {
      guard let target = $0.baseAddress else { return }
      ck_u64_weigh($0.count, weights.0, first.scalars, weights.1, second.scalars, target)
    }
  }
}
