public import Learning
import Tensors

/// Networks for handwritten digits: the two of H. B. McMahan et al., *Communication-Efficient Learning of Deep Networks from
/// Decentralized Data*, AISTATS 2017, section 3, LeNet-5, and three small ones for training under noise.
public enum DigitsNetwork: String, Hashable, Sendable, Codable, CaseIterable {
  /// 784-200-200-10 with ReLU: 199,210 parameters.
  case twoLayers = "2nn"
  /// Two 5x5 convolutions of 32 and 64 channels, each with 2x2 max pooling, and 512 units with ReLU: 1,663,370 parameters.
  case convolutional = "cnn"
  /// LeNet-5 with ReLU and max pooling: two 5x5 convolutions of 6 and 16 channels, each with 2x2 pooling, and 120 and 84 units: 61,706
  /// parameters. It takes the largest of four before ReLU: the same function as after it, with a quarter of ReLU's comparisons on shares.
  ///
  /// - Source: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, *Gradient-Based Learning Applied to Document Recognition*, Proceedings of
  ///   the IEEE 86(11), 1998, section II.B.
  case lenet
  /// 784-10: 7,850 parameters.
  case linear
  /// A 5x5 convolution of 8 channels and stride 2 with ReLU, and 2x2 max pooling: 4,138 parameters.
  case small
  /// The same with 16 channels: 8,266 parameters.
  case medium

  public func description(initial: InitialWeights = .byLayer) throws(LearningError) -> ModelDescription {
    try ModelDescription(layers: layers, inputShape: inputShape, initial: initial)
  }

  private var inputShape: Shape {
    switch self {
    case .twoLayers, .linear: [784]
    case .convolutional, .lenet, .small, .medium: [1, 28, 28]
    }
  }

  private var layers: [LayerSpec] {
    switch self {
    case .twoLayers: [.dense(units: 200), .relu, .dense(units: 200), .relu, .dense(units: 10), .softmax]
    case .linear: [.dense(units: 10), .softmax]
    case .small, .medium:
      [
        .conv2d(filters: self == .small ? 8 : 16, kernel: 5, stride: 2, padding: 2), .relu, .maxPool(window: 2),
        .flatten, .dense(units: 10), .softmax,
      ]
    case .lenet:
      [
        .conv2d(filters: 6, kernel: 5, padding: 2), .maxPool(window: 2), .relu, .conv2d(filters: 16, kernel: 5),
        .maxPool(window: 2), .relu, .flatten, .dense(units: 120), .relu, .dense(units: 84), .relu, .dense(units: 10),
        .softmax,
      ]
    case .convolutional:
      [
        .conv2d(filters: 32, kernel: 5, padding: 2), .relu, .maxPool(window: 2),
        .conv2d(filters: 64, kernel: 5, padding: 2), .relu, .maxPool(window: 2), .flatten, .dense(units: 512), .relu,
        .dense(units: 10), .softmax,
      ]
    }
  }
}
