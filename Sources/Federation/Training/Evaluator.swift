import Datasets
import Foundation
public import Learning
public import Tensors

/// Judges models on held-out rows by sums, which can be added over workers under any aggregation.
public struct Evaluator: Sendable {
  /// How many sums there are: rows; the losses' sum; how many rows are right (classes only); the sum of squared errors in
  /// the model's scale (numbers only).
  public static let count = 4

  private let description: ModelDescription
  private let loss: Loss
  private let hasClasses: Bool
  private let features: Tensor<Float>
  private let targets: Tensor<Float>

  /// For a job's test rows, of which there may be none.
  public init(_ prepared: PreparedJob) throws {
    let (features, targets) = try prepared.heldOut()
    try self.init(
      prepared.description, loss: prepared.job.training.loss, hasClasses: prepared.data.test.classCount != nil,
      features: features, targets: targets)
  }

  /// - Parameters:
  ///   - hasClasses: whether targets are classes, one-hot or 0 and 1.
  ///   - features: `[rows] + inputShape`
  ///   - targets: `[rows, outputs]`
  public init(
    _ description: ModelDescription, loss: Loss, hasClasses: Bool, features: Tensor<Float>, targets: Tensor<Float>
  ) throws(FederationError) {
    guard features.shape.rank >= 1, targets.shape.rank == 2, features.shape[0] == targets.shape[0],
      [targets.shape[1]] == description.outputShape.extents
    else {
      throw .statisticsDoNotFit("features and targets to judge by must have as many rows and the model's outputs")
    }
    self.description = description
    self.loss = loss
    self.hasClasses = hasClasses
    self.features = features
    self.targets = targets
  }

  /// The sums for a model's weights.
  public func sums(_ weights: Weights) throws -> [Double] { try sums(weights, by: Predictor(description)) }

  /// The sums for a model's weights, by a predictor of its description that has judged others.
  public func sums(_ weights: Weights, by predictor: Predictor) throws -> [Double] {
    let rows = targets.shape[0]
    guard rows > 0 else { return [Double](repeating: 0, count: Self.count) }
    let outputs = try predictor.predict(features, with: weights)
    let width = targets.shape[1]
    var sums = [Double(rows), 0, 0, 0]
    outputs.scalars.withUnsafeBufferPointer { outputs in
      targets.scalars.withUnsafeBufferPointer { targets in
        for row in 0..<rows {
          let line = row * width..<(row + 1) * width
          let (y, t) = (UnsafeBufferPointer(rebasing: outputs[line]), UnsafeBufferPointer(rebasing: targets[line]))
          let squares = (0..<width).reduce(0.0) { $0 + pow(Double(y[$1]) - Double(t[$1]), 2) }
          sums[1] += lossOf(y, t, squares: squares)
          if hasClasses { sums[2] += isRight(y, t) ? 1 : 0 } else { sums[3] += squares }
        }
      }
    }
    return sums
  }

  /// The loss of one row; probabilities are kept above 10⁻⁷.
  private func lossOf(_ y: UnsafeBufferPointer<Float>, _ t: UnsafeBufferPointer<Float>, squares: Double) -> Double {
    switch loss {
    case .meanSquaredError: return squares / Double(y.count)
    case .binaryCrossEntropy:
      return y.indices.reduce(0.0) { sum, index in
        let p = endsInLoss(.sigmoid) ? Double(y[index]) : 1 / (1 + exp(-Double(y[index])))
        return sum - log(max(t[index] >= 0.5 ? p : 1 - p, 1e-7))
      } / Double(y.count)
    case .softmaxCrossEntropy:
      let truth = t.indices.max { t[$0] < t[$1] } ?? 0
      guard !endsInLoss(.softmax) else { return -log(max(Double(y[truth]), 1e-7)) }
      let top = Double(y.max() ?? 0)
      let sum = y.reduce(0.0) { $0 + exp(Double($1) - top) }
      return min(log(sum) + top - Double(y[truth]), -log(1e-7))
    }
  }

  private func isRight(_ y: UnsafeBufferPointer<Float>, _ t: UnsafeBufferPointer<Float>) -> Bool {
    guard y.count > 1 else {
      // A model that ends without its sigmoid gives logits, and 0.5 is at 0.
      let threshold: Float = loss == .binaryCrossEntropy && !endsInLoss(.sigmoid) ? 0 : 0.5
      return (y[0] >= threshold) == (t[0] >= 0.5)
    }
    // The first of equal scores counts.
    return y.indices.max { (y[$0], $1) < (y[$1], $0) } == t.indices.max { t[$0] < t[$1] }
  }

  private func endsInLoss(_ layer: LayerSpec) -> Bool { description.layers.last == layer }
}
