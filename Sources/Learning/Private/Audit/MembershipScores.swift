import Foundation
import Tensors

/// How sure a model is of each row's true class: φ = ln p − ln(1 − p), computed from logits, so that it never saturates.
///
/// - Source: N. Carlini et al., *Membership Inference Attacks From First Principles*, S&P 2022, section IV.
struct MembershipScores {
  private let description: ModelDescription
  private let loss: Loss

  /// - Throws: ``LearningError`` where the job's model does not choose among classes.
  init(_ description: ModelDescription, loss: Loss) throws(LearningError) {
    guard loss != .meanSquaredError else {
      throw .dataDoesNotFit("membership is audited of models that choose among classes, not of regressions")
    }
    var layers = description.layers
    if let last = layers.last, last == loss.fusedLayer { layers.removeLast() }
    self.description = try ModelDescription(
      layers: layers, inputShape: description.inputShape, initial: description.initial)
    self.loss = loss
  }

  /// One number a row.
  func confidences(
    of model: Model, _ features: Tensor<Float>, _ targets: Tensor<Float>
  ) throws(LearningError) -> [Double] {
    let logits = try Model(description: description, weights: model.weights).predict(features).scalars
    let width = targets.shape[1]
    return (0..<targets.shape[0]).map { row in
      let z = logits[row * width..<(row + 1) * width].map { Double($0) }
      let t = targets.scalars[row * width..<(row + 1) * width]
      guard width > 1 else { return (t.first ?? 0) > 0.5 ? z[0] : -z[0] }
      let label = zip(0..., t).max { $0.1 < $1.1 }?.0 ?? 0
      let others = z.indices.filter { $0 != label }.map { z[$0] }
      let largest = others.max() ?? 0
      return z[label] - largest - log(others.reduce(0) { $0 + exp($1 - largest) })
    }
  }

  /// −ln p of the true class.
  static func loss(_ confidence: Double) -> Double {
    confidence > 0 ? log1p(exp(-confidence)) : -confidence + log1p(exp(confidence))
  }
}
