public import Datasets
import Foundation
public import Graphs
import Tensors

/// Carries out a job in the clear: loads, prepares on the training rows alone, trains, judges on the test rows.
public struct JobRunner: Sendable {
  public let job: Job
  /// The process's environment: where the folder of data is looked for if the job does not say.
  public let environment: [String: String]
  /// Versions for the report, beside those of the numeric libraries.
  public let versions: [String: String]

  public init(_ job: Job, environment: [String: String], versions: [String: String]) {
    self.job = job
    self.environment = environment
    self.versions = versions
  }

  /// What a run gives.
  public struct Result: Sendable {
    public let model: Model
    /// `nil` where the features are the raw numbers, as with images.
    public let preprocessing: Preprocessing?
    public let report: TrainingReport
    /// What new examples are expected in: the range of the training rows, widened. As public as the model.
    public let inputRange: InputRange?
  }

  /// - Throws: ``LearningError``, and `DatasetError` from the data.
  public func run(progress: (Trainer.Progress) throws -> Void = { _ in }) throws -> Result {
    let data = try load()
    let description = try ModelDescription(layers: job.model.layers, inputShape: try inputShape(of: data.train))
    let training = job.training
    let trainer = try Trainer(
      description, loss: training.loss, optimizer: training.optimizer, schedule: training.schedule,
      epochs: training.epochs, batch: training.batch, seed: training.seed)
    let targets = try targets(of: data.train, for: description)
    let clock = ContinuousClock()
    let start = clock.now
    let result = try trainer.train(
      features: shaped(data.train.features, description), targets: targets, progress: progress)
    let seconds = (clock.now - start) / .seconds(1)
    var report = TrainingReport(
      mode: job.mode, seed: training.seed,
      data: .init(
        source: data.train.source, rows: data.train.rowCount + data.test.rowCount, train: data.train.rowCount,
        test: data.test.rowCount),
      loss: result.losses, seconds: seconds, secondsPerEpoch: seconds / Double(training.epochs),
      versions: versions.merging(["openblas": PlainEngine.libraryVersion]) { given, _ in given })
    try judge(result.model, data, into: &report)
    return Result(
      model: result.model, preprocessing: data.preprocessing, report: report,
      inputRange: try? InputRange.covering(data.train.features))
  }

  // MARK: Data

  private func load() throws(DatasetError) -> PreparedDataset {
    let (test, seed) = (job.data.test, job.training.seed)
    switch job.data.source {
    case .set(let name, let path):
      guard let set = NamedDataset(rawValue: name) else { throw .inconsistent("There is no data set named \(name)") }
      let folder = try set.folder(flag: path, environment: environment)
      let loaded = try set.load(from: folder)
      guard case .tabular(let tabular) = loaded else {
        guard job.data.ranges.isEmpty, job.data.categories.isEmpty else {
          throw .inconsistent("The data set \(name) has no columns; remove data.ranges and data.categories")
        }
        return try loaded.prepared(test: test, seed: seed)
      }
      let declared = TabularDataset(
        name: tabular.name, source: tabular.source, schema: try declaring(tabular.schema, table: name),
        table: tabular.table, testTable: tabular.testTable)
      return try declared.prepared(test: test, seed: seed)
    case .file(let path, let target):
      let table = try CSV.read(path: path)
      let isNumeric = try Schema.inferred(from: table, target: target).target.kind == .numeric()
      let (train, held) = try table.split(test: test, seed: seed, stratifiedBy: isNumeric ? nil : target)
      let schema = try Schema.inferred(from: train, target: target, ranges: job.data.ranges)
      let tabular = TabularDataset(
        name: table.name, source: path, schema: try declaring(schema, table: table.name), table: train)
      return try tabular.prepared(train: train, test: held)
    }
  }

  /// The schema with the job's public ranges and categories.
  private func declaring(_ schema: Schema, table: String) throws(DatasetError) -> Schema {
    var schema = schema
    for name in job.data.ranges.keys.sorted() + job.data.categories.keys.sorted() {
      guard let index = schema.features.firstIndex(where: { $0.name == name }) else {
        throw .missingColumn(name, table: table)
      }
      switch (schema.features[index].kind, job.data.ranges[name], job.data.categories[name]) {
      case (.numeric(_, let missing), let range?, nil):
        schema.features[index].kind = .numeric(range: range, missing: missing)
      case (.categorical(_, let missing, let unknown), nil, let categories?):
        schema.features[index].kind = .categorical(categories: categories, missing: missing, unknown: unknown)
      default:
        throw .unusableColumn(
          name, table: table, reason: "ranges are for numbers and categories for words; correct one")
      }
    }
    return schema
  }

  // MARK: Shapes

  /// The shape of one example: the job's, that of an image if the model begins with one, or the data's own.
  private func inputShape(of data: Dataset) throws(LearningError) -> Shape {
    let own = Shape(Array(data.features.shape.extents.dropFirst()))
    if let shape = job.model.input {
      guard shape.count == own.count else {
        throw .wrongShape("model.input", expected: "of \(own.count) numbers, as the data has", given: shape)
      }
      return shape
    }
    switch job.model.layers.first {
    case .conv2d, .averagePool, .maxPool: return own == [784] ? [1, 28, 28] : own
    default: return own
    }
  }

  private func shaped(_ features: Tensor<Float>, _ description: ModelDescription) -> Tensor<Float> {
    features.reshaped(to: Shape([features.shape[0]] + description.inputShape.extents))
  }

  /// Targets in the shape of the model's output.
  private func targets(of data: Dataset, for description: ModelDescription) throws(LearningError) -> Tensor<Float> {
    let (loss, outputs) = (job.training.loss, description.outputShape.count)
    switch (data.targets, loss) {
    case (.numbers, .meanSquaredError) where outputs == 1, (.binary, .binaryCrossEntropy) where outputs == 1,
      (.binary, .meanSquaredError) where outputs == 1:
      return data.targets.tensor
    case (.classes(_, let count), _) where outputs == count && loss != .binaryCrossEntropy:
      return data.targets.tensor
    case (.binary, .softmaxCrossEntropy) where outputs == 2:
      return Targets.classes(data.targets.classes ?? [], count: 2).tensor
    case (.numbers, _):
      throw .dataDoesNotFit("The target is a number: end the model with {dense: 1} and use loss meanSquaredError")
    case (.binary, _):
      throw .dataDoesNotFit(
        "The target has two classes: end the model with {dense: 1}, sigmoid and use loss binaryCrossEntropy")
    case (.classes(_, let count), _):
      throw .dataDoesNotFit(
        "The target has \(count) classes: end the model with {dense: \(count)}, softmax and use loss "
          + "softmaxCrossEntropy")
    }
  }

  // MARK: Judging

  private func judge(_ model: Model, _ data: PreparedDataset, into report: inout TrainingReport) throws(LearningError) {
    let outputs = try model.predict(shaped(data.test.features, model.description))
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
}

extension JobRunner.Result {
  /// Writes `report.json` and `curves.svg` to a folder, which is made if it is not there.
  public func write(to folder: String) throws(LearningError) {
    let directory = URL(fileURLWithPath: folder, isDirectory: true)
    do {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try encoder.encode(report).write(to: directory.appendingPathComponent("report.json"), options: .atomic)
      let chart = LossChart(title: "Training", label: "loss", values: report.loss)
      try Data(chart.svg.utf8).write(to: directory.appendingPathComponent("curves.svg"), options: .atomic)
    } catch {
      throw .unwritable(path: folder, reason: "check that the folder is there and may be written to")
    }
  }
}
