import Foundation
import Tensors

/// What a model answers of rows, as probabilities: one of class 1 where there are two, else one a class.
struct Probabilities {
  private let model: Model
  private let loss: Loss

  init(_ description: ModelDescription, loss: Loss, weights: Weights) throws(LearningError) {
    var layers = description.layers
    if let last = layers.last, last == loss.fusedLayer { layers.removeLast() }
    let logits = try ModelDescription(layers: layers, inputShape: description.inputShape, initial: description.initial)
    model = try Model(description: logits, weights: weights)
    self.loss = loss
  }

  func rows(_ features: Tensor<Float>) throws(LearningError) -> [[Double]] {
    let outputs = try model.predict(features)
    let width = outputs.count / max(outputs.shape[0], 1)
    return (0..<outputs.shape[0]).map { row in
      let z = outputs.scalars[row * width..<(row + 1) * width].map { Double($0) }
      switch loss {
      case .meanSquaredError: return z
      case .binaryCrossEntropy: return z.map { 1 / (1 + exp(-$0)) }
      case .softmaxCrossEntropy:
        let largest = z.max() ?? 0
        let sum = z.reduce(0) { $0 + exp($1 - largest) }
        return z.map { exp($0 - largest) / sum }
      }
    }
  }
}
