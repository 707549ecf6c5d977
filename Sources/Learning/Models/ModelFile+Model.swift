public import Datasets
public import Graphs
public import ModelFiles

extension ModelFile {
  /// A trained model, made ready to predict: ``Model/folded()``.
  ///
  /// - Parameters:
  ///   - preprocessing: how rows of a table become features; none where features are given as they are.
  ///   - inputRange: what is publicly declared of inputs; comparisons on shares get narrower by it.
  /// - Throws: ``LearningError``, ``ModelFileError``.
  public init(
    _ model: Model, preprocessing: Preprocessing? = nil, provenance: Provenance, inputRange: InputRange? = nil
  ) throws {
    let model = try model.folded()
    try self.init(
      graph: try model.graph(batch: 1), inputName: ModelDescription.inputName, weights: model.weights.byName,
      preprocessing: preprocessing, provenance: provenance, inputRange: inputRange)
  }
}
