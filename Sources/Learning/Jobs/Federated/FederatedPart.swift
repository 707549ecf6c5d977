public import Datasets

extension Job {
  /// A training where every worker's rows stay where they are: `federated:`.
  public struct FederatedPart: Hashable, Sendable, Codable {
    /// How many workers take part.
    public var workers = 3
    /// The workers' own tables, where they have any; else the job's data is dealt by ``partition``.
    public var owners: [Owner] = []
    /// How the job's rows are dealt among workers that are started here.
    public var partition = Partition.iid
    public var rounds = 20
    /// How often a worker goes over its rows in a round.
    public var localEpochs = 1
    /// How many workers a round asks.
    public var cohort = CohortSpec.fraction(1)
    public var strategy = StrategySpec.fedAvg
    public var aggregation = Aggregation.masked
    /// With fewer updates than this nothing is opened; at least 2 under an aggregation that hides updates.
    public var minimumClients = 3
    /// The share of the cohort that must have answered for a round to count.
    public var quorum = 0.67
    /// How long a round waits for updates.
    public var deadlineSeconds = 60
    /// Every coordinate of an update, and of what goes with it, lies within plus and minus this under an aggregation that hides
    /// updates; one that does not is an error.
    public var valueRange = 4.0
    /// How workers that are started here are reached; memory makes them tasks of this process.
    public var transport = EncryptedPart.Transport.tls
    /// How updates are made smaller on the wire; under open aggregation only.
    public var compression = CompressionSpec.none
    /// How many updates the server collects before it moves, where workers do not wait for each other (FedBuff);
    /// `nil` for rounds.
    public var buffer: Int?

    /// A worker with a table of its own.
    public struct Owner: Hashable, Sendable, Codable {
      public var name: String
      public var file: String

      public init(name: String, file: String) {
        self.name = name
        self.file = file
      }
    }

    public init() {}
  }
}

extension Job {
  /// The tables of the owners or workers that have their own; none where the data is the job's.
  public var ownerFiles: [String] { encrypted?.owners.compactMap(\.file) ?? federated?.owners.map(\.file) ?? [] }
}

/// How many workers a round asks, at random.
public enum CohortSpec: Hashable, Sendable, Codable {
  /// This share of the workers, to the nearest worker and at least one.
  case fraction(Double)
  case count(Int)

  /// How many of so many workers it is.
  public func count(of workers: Int) -> Int {
    switch self {
    case .fraction(let share): min(workers, max(1, Int((share * Double(workers)).rounded())))
    case .count(let count): min(workers, count)
    }
  }
}

/// How updates are made smaller on the wire.
public enum CompressionSpec: Hashable, Sendable, Codable {
  case none
  /// Values in this many bits, 8 or 16, rounded at random without bias.
  case quantize(bits: Int)
  /// This share of the values, the largest; the others wait for a later round.
  case topK(fraction: Double)
}
