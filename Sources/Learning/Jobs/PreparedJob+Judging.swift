import Datasets
import Graphs
import Tensors

extension PreparedJob {
  /// Judges a model on the test rows, in the clear.
  public func judge(_ model: Model, into report: inout TrainingReport) throws(LearningError) {
    let outputs = try model.predict(Self.shaped(data.test.features, model.description))
    switch data.test.targets {
    case .numbers(let targets):
      func unit(_ scalar: Float) -> Double { data.preprocessing?.targetTransform.value(of: scalar) ?? Double(scalar) }
      let (predicted, actual) = (outputs.scalars.map(unit), targets.scalars.map(unit))
      report.meanSquaredError = Metrics.meanSquaredError(predicted, actual)
      report.rSquared = Metrics.rSquared(predicted, actual)
    case .binary(let targets) where outputs.shape[1] == 1:
      // A model that ends without its sigmoid gives logits, and 0.5 is at 0.
      let isLogit = job.training.loss == .binaryCrossEntropy && model.description.layers.last != .sigmoid
      let scores = outputs.scalars
      report.accuracy = Metrics.binaryAccuracy(
        probabilities: isLogit ? scores.map { $0 >= 0 ? 1 : 0 } : scores, targets: targets.scalars)
      report.auc = Metrics.areaUnderCurve(scores: scores, targets: targets.scalars)
    case .binary(let targets):
      let margins = (0..<targets.count).map { outputs.scalars[2 * $0 + 1] - outputs.scalars[2 * $0] }
      report.accuracy = Metrics.accuracy(scores: outputs, classes: data.test.targets.classes ?? [])
      report.auc = Metrics.areaUnderCurve(scores: margins, targets: targets.scalars)
    case .classes(let classes, _): report.accuracy = Metrics.accuracy(scores: outputs, classes: classes)
    }
  }

  /// The share of test rows that a model has right; `nil` where the target is a number.
  func accuracy(of model: Model) throws(LearningError) -> Double? {
    guard data.test.classCount != nil, data.test.rowCount > 0 else { return nil }
    var judged = report(losses: [], seconds: 0, versions: [:])
    try judge(model, into: &judged)
    return judged.accuracy
  }

  /// Puts down the sum of a ``JudgingGraph``'s figure over so many test rows.
  public func judge(_ sum: Double, rows: Int, into report: inout TrainingReport) {
    let mean = sum / Double(rows)
    guard data.test.classCount == nil else {
      report.accuracy = mean
      return
    }
    // From the model's scale to the target's unit.
    var unit = 1.0
    if case .numeric(_, let deviation)? = data.preprocessing?.targetTransform.kind { unit = deviation }
    report.meanSquaredError = mean * unit * unit
  }

  /// The report of a run that took so long, before anything is judged.
  public func report(losses: [Double], seconds: Double, versions: [String: String]) -> TrainingReport {
    var report = TrainingReport(
      of: job, source: data.train.source, train: data.train.rowCount, test: data.test.rowCount, losses: losses,
      seconds: seconds, versions: versions)
    report.data.leftOut = leftOut.isEmpty ? nil : leftOut
    return report
  }
}
