public import Graphs
public import Tensors

/// A description with its weights: something that can be asked.
public struct Model: Hashable, Sendable {
  public let description: ModelDescription
  public let weights: Weights

  /// - Throws: ``LearningError`` where a weight is missing or has another shape.
  public init(description: ModelDescription, weights: Weights) throws(LearningError) {
    for spec in description.weightSpecs {
      guard let tensor = weights[spec.name] else { throw .missingWeight(spec.name) }
      guard tensor.shape == spec.shape else {
        throw .wrongShape("weight \"\(spec.name)\"", expected: spec.shape.description, given: tensor.shape)
      }
    }
    self.description = description
    self.weights = weights
  }

  /// The program of one prediction.
  public func graph(batch: Int) throws(LearningError) -> Graph { try description.forwardGraph(batch: batch) }

  /// The outputs for examples `[rows] + inputShape`, computed `batch` at a time.
  public func predict(_ x: Tensor<Float>, batch: Int = 256) throws(LearningError) -> Tensor<Float> {
    try Predictor(description).predict(x, with: weights, batch: batch)
  }
}
