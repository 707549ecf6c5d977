public import Sharing

/// What `tacit demo credit` found; the keys of `report.json`.
public struct CreditReport: Hashable, Sendable, Codable {
  public struct Data: Hashable, Sendable, Codable {
    public var source: String
    public var rows: Int
    public var train: Int
    public var test: Int
  }

  /// The banks' training, each round's updates masked, beside what each could do without the others.
  public struct Federated: Hashable, Sendable, Codable {
    public var workers: Int
    public var rounds: Int
    public var aggregation: String
    /// On the test applications, in the clear; so are all accuracies here.
    public var accuracy: Double
    /// Of a model that a bank trains on its own rows alone.
    public var aloneAccuracy: [Double]
    /// Of a model trained on all banks' rows in one place, which they could never do.
    public var pooledAccuracy: Double
    public var seconds: Double
    /// Payload between the coordinator and the banks.
    public var bytesSent: Int
  }

  /// The banks' model, asked in the clear.
  public struct Plain: Hashable, Sendable, Codable {
    public var accuracy: Double
    public var auc: Double
    /// Of the same training on pooled rows in the clear.
    public var seconds: Double
  }

  public struct Planned: Hashable, Sendable, Codable {
    public var rounds: Int
    public var bytesSent: Int
  }

  public struct Encrypted: Hashable, Sendable, Codable {
    public var `protocol`: String
    public var parties: Int
    public var queries: Int
    public var accuracy: Double
    /// The share of test applications with the same decision as in the clear.
    public var agreement: Double
    /// The largest difference of the probability.
    public var maxAbsoluteError: Double
    /// Of the run with all applications at once.
    public var rounds: Int
    public var bytesSent: Int
    public var planned: Planned
    /// One by one, the median.
    public var secondsPerQuery: Double
    public var secondsAllAtOnce: Double
  }

  /// One application, as its owner and as one party know it.
  public struct View: Hashable, Sendable, Codable {
    public var party: Int
    /// Features as the owner knows them.
    public var owner: [Double]
    /// The words of the party's share of the same features, in hexadecimal.
    public var share: [String]
  }

  /// What became of a party that tampered.
  public struct Cheat: Hashable, Sendable, Codable {
    /// With `--identify` the one that the others name, if any, which they have to find out; else the one that tampers, which the
    /// program knows and the parties do not.
    public var party: Int?
    /// The check that it failed.
    public var check: CheatingCheck?
    /// The layer whose values it changed, as far as the parties found out.
    public var layer: String
    /// Whether an output came out all the same.
    public var released: Bool
    /// With `--identify`, whether what the cheater signed proves it to who was not there.
    public var proven: Bool?
    /// What the parties share by; not in the JSON.
    var engine = CheatedEngine.spdz
    /// Whom the others name; not in the JSON.
    var culprit = Culprit.unknown

    private enum CodingKeys: String, CodingKey {
      case party, check, layer, released, proven
    }

    /// What the parties stop with; `nil` where they did not notice.
    public var error: SharingError? {
      check.map { .cheating(check: $0, layer: layer, culprit: culprit) }
    }
  }

  public var seed: UInt64
  public var data: Data
  public var federated: Federated
  public var plain: Plain
  public var encrypted: Encrypted
  public var views: [View]
  /// A small network learned in six ways on the same splits.
  public var ways: DemoReport.Table
  public var goals: [DemoReport.Goal]
  /// How many splits the figures of ``ways`` are means of.
  public var splits: Int
  /// Where a party was made to cheat.
  public var cheat: Cheat?
  public var versions: [String: String]
  public var seconds: Double
}

/// The engines that catch who deviates.
public enum CheatedEngine: String, Hashable, Sendable, Codable, CaseIterable {
  case spdz
  case replicatedMalicious = "replicated-malicious"
}
