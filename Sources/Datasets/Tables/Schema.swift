/// What the columns of a table mean: which are features, of what kind, and which is the target.
///
/// Columns that are not named are not used. Everything stated here is public; what must be learned from rows is
/// learned by ``Preprocessing``.
public struct Schema: Hashable, Sendable, Codable {
  /// The features, in the order in which they become tensor columns.
  public var features: [Column]
  public var target: Target

  public init(features: [Column], target: Target) {
    self.features = features
    self.target = target
  }

  /// A feature.
  public struct Column: Hashable, Sendable, Codable {
    public var name: String
    public var kind: Kind

    public init(_ name: String, _ kind: Kind) {
      self.name = name
      self.kind = kind
    }
  }

  public enum Kind: Hashable, Sendable, Codable {
    /// A number; clipped to `range`, where one is declared, before anything is computed from it.
    case numeric(range: PublicRange? = nil, missing: MissingNumber = .mean)
    /// One of a list of categories; `nil` takes those of the training rows.
    case categorical(
      categories: [String]? = nil, missing: MissingCategory = .allZeros, unknown: UnknownCategory = .allZeros)
  }

  /// What is predicted.
  public struct Target: Hashable, Sendable, Codable {
    public var name: String
    public var kind: TargetKind

    public init(_ name: String, _ kind: TargetKind) {
      self.name = name
      self.kind = kind
    }
  }

  public enum TargetKind: Hashable, Sendable, Codable {
    /// Two labels, which become 0 and 1.
    case binary(negative: String, positive: String)
    /// Class labels, which become their index; `nil` takes those of the training rows, sorted.
    case classes([String]? = nil)
    /// A number, standardised if asked.
    case numeric(isStandardised: Bool = false)
  }
}

/// Bounds of a number that are known without looking at the data; finite, and `low < high`.
public struct PublicRange: Hashable, Sendable {
  public let low: Double
  public let high: Double

  public init(_ low: Double, _ high: Double) throws(DatasetError) {
    let limit = Double(Float.greatestFiniteMagnitude)
    guard abs(low) <= limit, abs(high) <= limit, low < high else {
      throw .inconsistent("A public range is two finite numbers, the lower one first; correct it")
    }
    self.low = low
    self.high = high
  }

  /// A range written in source code, where a wrong one is a mistake of the programmer.
  package init(_ range: ClosedRange<Double>) {
    precondition(range.lowerBound < range.upperBound, "an empty range: \(range)")
    low = range.lowerBound
    high = range.upperBound
  }

  package func clipping(_ number: Double) -> Double { min(max(number, low), high) }
}

/// What a missing number becomes.
public enum MissingNumber: String, Hashable, Sendable, Codable, CaseIterable {
  /// The mean of the training rows, which is 0 once standardised.
  case mean
  /// The mean, and a further feature that is 1 where the number is missing and 0 elsewhere.
  case meanWithIndicator
  /// An error.
  case refused
}

/// What a missing category becomes.
public enum MissingCategory: String, Hashable, Sendable, Codable, CaseIterable {
  case allZeros
  /// A category of its own, behind the others.
  case ownCategory
  /// An error.
  case refused
}

/// What a category becomes that is not on the list.
public enum UnknownCategory: String, Hashable, Sendable, Codable, CaseIterable {
  case allZeros
  /// An error.
  case refused
}
