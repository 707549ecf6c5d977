public import Learning
import Tensors

/// The two networks for handwritten digits of H. B. McMahan et al., *Communication-Efficient Learning of Deep Networks from
/// Decentralized Data*, AISTATS 2017, section 3.
public enum DigitsNetwork: String, Hashable, Sendable, Codable, CaseIterable {
  /// 784-200-200-10 with ReLU: 199,210 parameters.
  case twoLayers = "2nn"
  /// Two 5x5 convolutions of 32 and 64 channels, each with 2x2 max pooling, and 512 units with ReLU: 1,663,370 parameters.
  case convolutional = "cnn"

  public var description: ModelDescription {
    get throws(LearningError) {
      switch self {
      case .twoLayers:
        try ModelDescription(
          layers: [.dense(units: 200), .relu, .dense(units: 200), .relu, .dense(units: 10), .softmax], inputShape: [784]
        )
      case .convolutional:
        try ModelDescription(
          layers: [
            .conv2d(filters: 32, kernel: 5, padding: 2), .relu, .maxPool(window: 2),
            .conv2d(filters: 64, kernel: 5, padding: 2), .relu, .maxPool(window: 2), .flatten, .dense(units: 512),
            .relu,
            .dense(units: 10), .softmax,
          ], inputShape: [1, 28, 28])
      }
    }
  }
}
