public import Learning
public import ModelFiles

/// What training yields as a model file, made ready to predict: ``Model/folded()``.
public enum TrainedModel {
  /// - Throws: `LearningError` or `ModelFileError`.
  public static func file(of result: JobRunner.Result, creator: String) throws -> ModelFile {
    let report = result.report
    var metrics: [String: Double] = [:]
    metrics["accuracy"] = report.accuracy
    metrics["auc"] = report.auc
    metrics["meanSquaredError"] = report.meanSquaredError
    return try ModelFile(
      result.model, preprocessing: result.preprocessing,
      provenance: .init(
        creator: creator, dataset: report.data.source, source: report.data.source, seed: report.seed,
        trainingRows: report.data.train, metrics: metrics), inputRange: result.inputRange)
  }
}
