/// What a demo of the founding work found; the keys of its `report.json`.
public struct DemoReport: Hashable, Sendable, Codable {
  /// As `tacit demo` calls it.
  public var name: String
  public var title: String
  /// What is shown, in a few sentences.
  public var lead: String
  /// Where the data comes from.
  public var source: String
  /// Of the first split; each further split's is one more.
  public var seed: UInt64
  public var splits: Int
  public var tables: [Table] = []
  public var goals: [Goal] = []
  public var charts: [LineChart] = []
  public var pictures: [Raster] = []
  /// Who took part.
  public var participants: [Participant] = []
  /// The training of `mnist-federated`, round by round.
  public var federation: DigitsFederation.Report?
  public var versions: [String: String] = [:]
  public var seconds = 0.0

  /// Ways to the same end, side by side.
  public struct Table: Hashable, Sendable, Codable {
    public var title: String
    /// What to know before reading it.
    public var text: String
    public var measure: Measure
    public var rows: [Row]
  }

  /// What the values of a table are.
  public enum Measure: String, Hashable, Sendable, Codable {
    /// The share of test rows that are right.
    case accuracy
    /// In the square of the target's unit.
    case meanSquaredError
    /// What a model gives the class it chooses.
    case probability
    /// Of a whole training.
    case seconds
    /// The correlation of the pixels of a recovered image with those of the true one.
    case likeness

    var isBetterHigh: Bool { self == .accuracy || self == .probability }
  }

  public struct Row: Hashable, Sendable, Codable {
    public var way: String
    /// One of each split.
    public var values: [Double]
    public var mean: Double
    public var median: Double
    public var worst: Double
    /// The median.
    public var seconds: Double?
    /// Payload, of the split in the middle.
    public var bytesSent: Int?
    /// What each role learns.
    public var learns: [String: String]?
    /// The class that was answered, where rows are queries.
    public var answer: Int?
  }

  /// Somebody who took part, and what they saw.
  public struct Participant: Hashable, Sendable, Codable {
    public var name: String
    public var sees: String
  }

  /// A figure that was to be reached.
  public struct Goal: Hashable, Sendable, Codable {
    public var text: String
    public var value: Double
    public var limit: Double
    public var isReached: Bool
  }
}

extension DemoReport.Row {
  /// - Parameter runs: at least one.
  init(_ way: String, _ measure: DemoReport.Measure, _ runs: [DemoRun]) {
    let values = runs.map(\.value)
    let sorted = values.sorted()
    self.init(
      way: way, values: values, mean: values.reduce(0, +) / Double(max(values.count, 1)), median: halfway(sorted) ?? 0,
      worst: (measure.isBetterHigh ? sorted.first : sorted.last) ?? 0,
      seconds: halfway(runs.compactMap(\.seconds).sorted()), bytesSent: middle(runs.compactMap(\.bytesSent).sorted()),
      learns: runs.first?.learns)
  }
}

extension DemoReport.Goal {
  static func atLeast(_ limit: Double, _ value: Double, _ text: String) -> Self {
    Self(text: text, value: value, limit: limit, isReached: value >= limit)
  }

  static func atMost(_ limit: Double, _ value: Double, _ text: String) -> Self {
    Self(text: text, value: value, limit: limit, isReached: value <= limit)
  }
}

/// One training, or one query, of a demo.
struct DemoRun {
  /// As the table's measure says.
  var value: Double
  var seconds: Double?
  var bytesSent: Int?
  var learns: [String: String]?
}

/// The median of sorted values: of two in the middle, their mean.
private func halfway(_ sorted: [Double]) -> Double? {
  middle(sorted).map { ($0 + sorted[(sorted.count - 1) / 2]) / 2 }
}

/// The middle of sorted values, the upper one of two.
private func middle<Value>(_ sorted: [Value]) -> Value? { sorted.isEmpty ? nil : sorted[sorted.count / 2] }
