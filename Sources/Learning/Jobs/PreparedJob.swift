public import Datasets
public import Tensors

/// A job's data and model, ready to train on: loaded, split, prepared on the training rows alone, in the model's shapes.
public struct PreparedJob: Sendable {
  public let job: Job
  public let data: PreparedDataset
  public let description: ModelDescription
  /// `[rows] + inputShape`
  public let features: Tensor<Float>
  /// `[rows] + outputShape`
  public let targets: Tensor<Float>
  /// How many of the training rows each owner has, in the order of the rows.
  public let ownerRows: [Int]
  /// The same of the test rows.
  public let ownerTestRows: [Int]
  /// Columns of rows that nobody may look at of which the job declares nothing, so that they are no features.
  public let leftOut: [String]
  /// What the noise on the training rows cost, where they were noised before anything else.
  private(set) var localSpending: TrainingReport.PrivacyPart?

  /// - Parameters:
  ///   - environment: the process's, where the folder of data is looked for if the job does not say.
  ///   - part: whose rows this process has.
  /// - Throws: ``LearningError``, and `DatasetError` from the data.
  public init(_ job: Job, environment: [String: String], part: JobPart = .all) throws {
    let loaded = try JobData(job, environment: environment).load(part)
    let data = loaded.data
    guard let privacy = job.privacy, privacy.unit == .local else {
      try self.init(
        job, data, ownerRows: loaded.ownerRows, ownerTestRows: loaded.ownerTestRows, leftOut: loaded.leftOut)
      return
    }
    let noise = try LocalNoise(privacy, targets: data.train.targets)
    try self.init(
      job,
      PreparedDataset(
        train: try noise.noised(data.train, data.preprocessing), test: data.test, preprocessing: data.preprocessing),
      ownerRows: loaded.ownerRows, ownerTestRows: loaded.ownerTestRows, leftOut: loaded.leftOut)
    var spending = TrainingReport.PrivacyPart(privacy)
    spending.epsilon = try privacy.epsilon(of: noise.event)
    spending.noiseMultiplier = noise.noiseMultiplier
    localSpending = spending
  }

  /// Data that is prepared already.
  package init(
    _ job: Job, _ data: PreparedDataset, ownerRows: [Int] = [], ownerTestRows: [Int] = [], leftOut: [String] = []
  ) throws {
    (self.job, self.leftOut) = (job, leftOut)
    (self.data, self.ownerRows, self.ownerTestRows) = (data, ownerRows, ownerTestRows)
    description = try ModelDescription(
      job.model,
      inputShape: try Self.inputShape(
        job, example: Shape(Array(data.train.features.shape.extents.dropFirst()))))
    features = Self.shaped(data.train.features, description)
    targets = try Self.targets(job, data.train, for: description)
  }

  /// The shape of one example: the job's, that of an image if the model begins with one, or the data's own.
  package static func inputShape(_ job: Job, example own: Shape) throws(LearningError) -> Shape {
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

  /// The test rows as ``JudgingGraph`` takes them.
  public var testRows: (features: Tensor<Float>, targets: Tensor<Float>) {
    (Self.shaped(data.test.features, description), JudgingGraph.targets(of: data.test.targets))
  }

  /// The test rows as ``features`` and ``targets`` are for training.
  package func heldOut() throws(LearningError) -> (features: Tensor<Float>, targets: Tensor<Float>) {
    (Self.shaped(data.test.features, description), try Self.targets(job, data.test, for: description))
  }

  static func shaped(_ features: Tensor<Float>, _ description: ModelDescription) -> Tensor<Float> {
    features.reshaped(to: Shape([features.shape[0]] + description.inputShape.extents))
  }

  /// Targets in the shape of the model's output.
  private static func targets(
    _ job: Job, _ data: Dataset, for description: ModelDescription
  ) throws(LearningError) -> Tensor<Float> {
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
}
