public import Datasets
public import Tensors

/// One training as a file describes it: model, data, training, and where the results go.
public struct Job: Hashable, Sendable, Codable {
  public var model: ModelPart
  public var data: DataPart
  public var training: TrainingPart
  public var mode: Mode
  /// The folder for `report.json`, `model.tacit` and `curves.svg`; none where nothing is to be written.
  public var output: String?

  public enum Mode: String, Hashable, Sendable, Codable, CaseIterable {
    case plain
  }

  public struct ModelPart: Hashable, Sendable, Codable {
    public var layers: [LayerSpec]
    /// The shape of one example where it is not that of the data: images of a flat file, say.
    public var input: Shape?
  }

  public struct DataPart: Hashable, Sendable, Codable {
    public var source: Source
    /// The share of rows kept for judging.
    public var test: Double
    /// Public bounds of numeric columns.
    public var ranges: [String: PublicRange]
    /// Public lists of categories.
    public var categories: [String: [String]]

    public enum Source: Hashable, Sendable, Codable {
      /// A set known by name, in a folder of data.
      case set(String, path: String?)
      /// A table of its own, and the column to predict.
      case file(String, target: String)
    }
  }

  public struct TrainingPart: Hashable, Sendable, Codable {
    public var epochs: Int
    public var batch: Int
    public var loss: Loss
    public var optimizer: Optimizer
    public var schedule: Schedule
    public var seed: UInt64
  }
}
