/// What a job is, in words for the page.
public struct JobDescription: Codable, Hashable, Sendable {
  /// A few words: the data, say.
  public var title: String
  public var strategy: String
  public var aggregation: AggregationView
  public var layers: [LayerView]
  /// How many numbers the model has, where that is known.
  public var parameterCount: Int?
  public var plannedRounds: Int

  public init(
    title: String, strategy: String, aggregation: AggregationView, layers: [LayerView], parameterCount: Int?,
    plannedRounds: Int
  ) {
    self.title = title
    self.strategy = strategy
    self.aggregation = aggregation
    self.layers = layers
    self.parameterCount = parameterCount
    self.plannedRounds = plannedRounds
  }
}

/// A layer: its name, and its sizes in words.
public struct LayerView: Codable, Hashable, Sendable {
  public var name: String
  public var detail: String

  public init(name: String, detail: String) {
    self.name = name
    self.detail = detail
  }
}

/// How updates become an average, and what everybody learns by it.
public struct AggregationView: Codable, Hashable, Sendable {
  public var name: String
  public var hidesUpdates: Bool
  /// What it hides, in one sentence.
  public var summary: String
  public var roles: [Role]

  public struct Role: Codable, Hashable, Sendable {
    public var role: String
    public var learns: String

    public init(role: String, learns: String) {
      self.role = role
      self.learns = learns
    }
  }

  public init(name: String, hidesUpdates: Bool, summary: String, roles: [Role]) {
    self.name = name
    self.hidesUpdates = hidesUpdates
    self.summary = summary
    self.roles = roles
  }
}
