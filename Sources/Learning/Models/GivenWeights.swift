import Arithmetic
public import ModelFiles
import Tensors

extension ModelDescription {
  /// The weights of a model file, whose names and shapes must be this model's: one that the same layers were trained into.
  ///
  /// - Throws: ``LearningError/givenWeights(_:)`` naming the first that is missing or has another shape.
  public func weights(of file: ModelFile) throws(LearningError) -> Weights {
    if let stranger = file.weightNames.first(where: { !orderedNames.contains($0) }) {
      throw .givenWeights(
        "the model to begin with has the weight \"\(stranger)\", which these layers have not; its batch normalisation may "
          + "have been folded away: begin with a model of the same layers")
    }
    return Weights(
      try weightSpecs.map { (spec) throws(LearningError) in
        guard let tensor = file.weights[spec.name] else {
          throw .givenWeights(
            "the model to begin with has no weight \"\(spec.name)\": begin with a model of the same layers")
        }
        guard tensor.shape == spec.shape else {
          throw .givenWeights(
            "the weight \"\(spec.name)\" of the model to begin with has shape \(tensor.shape), these layers have "
              + "\(spec.shape)")
        }
        return (spec.name, tensor)
      })
  }
}

extension Job {
  /// What training begins with where the job names a model file, `model.weights`, with the model for the examples that the file
  /// takes.
  ///
  /// - Throws: `ModelFileError` and ``LearningError``.
  package func givenWeights() throws -> (description: ModelDescription, weights: Weights)? {
    guard let path = model.weights else { return nil }
    let file = try ModelFile.open(path)
    let description = try ModelDescription(model, inputShape: file.exampleShape)
    return (description, try description.weights(of: file))
  }
}

extension PreparedJob {
  /// What training begins with: the weights of the job's model file, or those that follow from the job's seed.
  ///
  /// - Throws: `ModelFileError` and ``LearningError/givenWeights(_:)``.
  package func firstWeights() throws -> Weights {
    if let path = job.model.weights { return try description.weights(of: try ModelFile.open(path)) }
    return description.initialWeights(seed: SeedTree(seed: job.training.seed).child("weights"))
  }
}
