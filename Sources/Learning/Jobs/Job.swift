public import Datasets
public import Tensors

/// One training as a file describes it: model, data, training, and where the results go.
public struct Job: Hashable, Sendable, Codable {
  public var model: ModelPart
  public var data: DataPart
  public var training: TrainingPart
  public var mode: Mode
  /// How rows are kept secret; with `mode: encrypted` only.
  public var encrypted: EncryptedPart?
  /// How workers learn together; with `mode: federated` only.
  public var federated: FederatedPart?
  /// How the training is differentially private; not at all where there is none.
  public var privacy: PrivacyPart?
  /// The cluster file of the parties that run already; none where they are started here. With `mode: encrypted`, or
  /// with `aggregation: shared`.
  public var cluster: String?
  /// The address of a coordinator that runs already; none where one is started here. With `mode: federated`, or where the
  /// owners of an encrypted training's rows are its workers.
  public var coordinator: String?
  /// The folder for `report.json`, `model.tacit` and `curves.svg`; none where nothing is to be written.
  public var output: String?

  public enum Mode: String, Hashable, Sendable, Codable, CaseIterable {
    case plain
    /// On secret shares among parties.
    case encrypted
    /// Among workers whose rows stay where they are.
    case federated
  }

  public struct ModelPart: Hashable, Sendable, Codable {
    public var layers: [LayerSpec]
    /// The shape of one example where it is not that of the data: images of a flat file, say.
    public var input: Shape?
    /// How weights begin.
    public var initial = InitialWeights.byLayer
    /// A model file of the same layers whose weights training begins with, in place of ``initial``.
    public var weights: String?
  }

  public struct DataPart: Hashable, Sendable, Codable {
    public var source: Source
    /// The share of rows kept for judging.
    public var test: Double
    /// Public bounds of numeric columns.
    public var ranges: [String: PublicRange]
    /// Public lists of categories.
    public var categories: [String: [String]]
    /// The features, where not all columns beside the target are; of federated workers' own tables, and of
    /// sets under privacy.
    public var columns: [String]?

    public enum Source: Hashable, Sendable, Codable {
      /// A set known by name, in a folder of data.
      case set(String, path: String?)
      /// A table of its own, and the column to predict.
      case file(String, target: String)
      /// What it is, for a report.
      var text: String {
        switch self {
        case .set(let name, _): NamedDataset(rawValue: name)?.source ?? name
        case .file(let path, _): path
        case .owners: "the workers' own tables"
        }
      }

      /// The tables of ``EncryptedPart/owners`` or of the workers, and the column to predict.
      case owners(target: String)
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

  public struct EncryptedPart: Hashable, Sendable, Codable {
    public var scheme = Scheme.replicated
    /// Computing parties, a dealer not among them: 3 of replicated sharing, 2 to 16 with a dealer.
    public var parties = 3
    /// Bits behind the point of shared numbers.
    public var fractionBits = 20
    public var transport = Transport.tls
    /// The rows' owners; none where the job's data is one owner's.
    public var owners: [Owner] = []
    /// What is opened, to the job's owner alone.
    public var reveal: Set<Revealed> = [.model]
    /// Steps between checkpoints, 0 for none; an epoch where nothing is said.
    public var checkpoint: Int?
    /// How long parties wait for each other.
    public var deadlineSeconds = 30

    /// What the parties' comparisons spend less of.
    public var optimise = Optimisation.bytes

    /// How the parties share.
    public enum Scheme: String, Hashable, Sendable, Codable, CaseIterable {
      case replicated
      /// The same, and a party that deviates is caught.
      case replicatedMalicious = "replicated-malicious"
      /// With a dealer.
      case additive
      /// The same with MACs, and a party that deviates is caught.
      case spdz

      /// Whether a training that stopped can go on: MACs outlive no session.
      package var keepsCheckpoints: Bool { self != .spdz }
    }

    public enum Optimisation: String, Hashable, Sendable, Codable, CaseIterable {
      case bytes, rounds
    }

    public enum Transport: String, Hashable, Sendable, Codable, CaseIterable {
      /// Parties are tasks of this process: for trying.
      case memory
      case tls
    }

    public enum Revealed: String, Hashable, Sendable, Codable, CaseIterable {
      /// The mean loss of each epoch.
      case loss
      case model
      /// How good the model is on the test rows, found on shares: how many are right, or the mean squared error.
      case metrics
    }

    /// Somebody who has rows.
    public struct Owner: Hashable, Sendable, Codable {
      /// The name in the certificate of the process that shares them, where owners are processes of their own.
      public var name: String?
      /// The table; none of a worker of the job's coordinator, which brings its own.
      public var file: String?

      public init(name: String? = nil, file: String) {
        self.name = name
        self.file = file
      }

      /// A worker of the job's coordinator.
      public init(worker: String) { name = worker }

      public var isWorker: Bool { file == nil }
    }

    public init() {}
  }
}

extension Job {
  /// The columns that it names, the target first.
  package var namedColumns: [String] {
    let target: [String] =
      switch data.source {
      case .owners(let target), .file(_, let target): [target]
      case .set: []
      }
    return target + (data.columns ?? []) + data.ranges.keys.sorted() + data.categories.keys.sorted()
  }
}
