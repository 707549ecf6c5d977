public import Datasets
import Tensors

extension Trainer {
  /// Trains on a data set, whose examples are brought into the model's shape.
  ///
  /// - Parameter progress: called after every epoch; what it throws ends the training.
  /// - Throws: ``LearningError`` where the set's targets are not the model's outputs or the loss leaves the range of numbers.
  public func train(on dataset: Dataset, progress: (Progress) throws -> Void = { _ in }) throws -> Result {
    let shape = Shape([dataset.rowCount] + description.inputShape.extents)
    guard shape.count == dataset.features.count else {
      throw LearningError.wrongShape(
        "features", expected: "[rows] + \(description.inputShape)", given: dataset.features.shape)
    }
    return try train(
      features: dataset.features.reshaped(to: shape), targets: dataset.targets.tensor, progress: progress)
  }
}
