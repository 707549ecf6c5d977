/// What `tacit demo credit` found; the keys of `report.json`.
public struct CreditReport: Hashable, Sendable, Codable {
  public struct Data: Hashable, Sendable, Codable {
    public var source: String
    public var rows: Int
    public var train: Int
    public var test: Int
  }

  public struct Plain: Hashable, Sendable, Codable {
    public var accuracy: Double
    public var auc: Double
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

  public var seed: UInt64
  public var data: Data
  public var plain: Plain
  public var encrypted: Encrypted
  public var views: [View]
  public var versions: [String: String]
  public var seconds: Double
}
