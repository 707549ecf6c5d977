import Foundation

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

/// Bounds of a number that are known without looking at the data, and the scale on which a model meets it; finite,
/// `low < high`, and on a logarithmic scale `0 < low`.
public struct PublicRange: Hashable, Sendable {
  public let low: Double
  public let high: Double
  public let scale: Scale

  /// What is done to a number, clipped to the range, before anything else is computed from it.
  public enum Scale: String, Hashable, Sendable, CaseIterable {
    case linear
    /// Its natural logarithm, for numbers that matter by their ratio: incomes, shares, rates.
    case logarithmic = "log"
  }

  public init(_ low: Double, _ high: Double, scale: Scale = .linear) throws(DatasetError) {
    let limit = Double(Float.greatestFiniteMagnitude)
    guard abs(low) <= limit, abs(high) <= limit, low < high else {
      throw .inconsistent("A public range is two finite numbers, the lower one first; correct it")
    }
    guard scale == .linear || low > 0 else {
      throw .inconsistent("A logarithmic range begins above 0; correct it")
    }
    (self.low, self.high, self.scale) = (low, high, scale)
  }

  /// A range written in source code, where a wrong one is a mistake of the programmer.
  package init(_ range: ClosedRange<Double>) {
    precondition(range.lowerBound < range.upperBound, "an empty range: \(range)")
    (low, high, scale) = (range.lowerBound, range.upperBound, .linear)
  }

  /// The number, clipped to the range, on its scale.
  package func place(_ number: Double) -> Double {
    let clipped = min(max(number, low), high)
    return switch scale {
    case .linear: clipped
    case .logarithmic: log(clipped)
    }
  }

  /// The middle of the range on its scale, and how far its ends are from there.
  package var middle: (place: Double, half: Double) {
    ((place(low) + place(high)) / 2, (place(high) - place(low)) / 2)
  }
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
