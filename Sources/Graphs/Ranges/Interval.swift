/// All real numbers from `low` to `high`.
public struct Interval: Hashable, Sendable, Codable {
  public var low: Double
  public var high: Double

  public init(_ low: Double, _ high: Double) {
    self.low = Swift.min(low, high)
    self.high = Swift.max(low, high)
  }

  /// The largest distance from zero.
  public var magnitude: Double { Swift.max(abs(low), abs(high)) }
  /// The largest difference of two numbers in it.
  public var width: Double { high - low }

  public func contains(_ value: Double) -> Bool { low <= value && value <= high }

  /// The smallest interval that holds both.
  public func union(_ other: Interval) -> Interval { Interval(Swift.min(low, other.low), Swift.max(high, other.high)) }

  static func + (a: Interval, b: Interval) -> Interval { Interval(a.low + b.low, a.high + b.high) }
  static func - (a: Interval, b: Interval) -> Interval { Interval(a.low - b.high, a.high - b.low) }

  static func * (a: Interval, b: Interval) -> Interval {
    let products = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high]
    return Interval(products.min() ?? 0, products.max() ?? 0)
  }

  static func * (a: Interval, factor: Double) -> Interval { Interval(a.low * factor, a.high * factor) }

  /// The squares of its numbers.
  var squared: Interval {
    let largest = magnitude * magnitude
    return Interval(contains(0) ? 0 : Swift.min(low * low, high * high), largest)
  }

  /// Its numbers with an error of up to `slack`; signs stay, as truncation and functions keep them.
  func widened(by slack: Double) -> Interval {
    Interval(
      low >= 0 ? Swift.max(low / 2, low - slack) : low - slack,
      high <= 0 ? Swift.min(high / 2, high + slack) : high + slack)
  }
}

extension Interval: CustomStringConvertible {
  public var description: String { "\(Self.text(low))...\(Self.text(high))" }

  private static func text(_ value: Double) -> String {
    let rounded = (value * 1000).rounded() / 1000
    return abs(value) < 1e12 && rounded == rounded.rounded()
      ? "\(Int(rounded))" : "\(abs(value) < 1e12 ? rounded : value)"
  }
}
