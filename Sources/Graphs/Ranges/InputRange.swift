public import Tensors

/// What is publicly declared about a model's input: an interval for all scalars, or one for each scalar of an example.
///
/// From it and the weights, bounds of every value in the program follow, and from them how narrow comparisons may be.
public struct InputRange: Hashable, Sendable, Codable {
  /// One number, or one for each scalar of an example.
  public let low: [Float]
  public let high: [Float]

  /// - Throws: ``RangeError/invalidRange(_:)`` unless all bounds are finite and in order.
  public init(low: [Float], high: [Float]) throws(RangeError) {
    guard !low.isEmpty, low.count == high.count else {
      throw .invalidRange("a range needs as many lower as upper bounds, and at least one of each")
    }
    guard zip(low, high).allSatisfy({ $0.isFinite && $1.isFinite && $0 <= $1 }) else {
      throw .invalidRange("each lower bound of a range must be a number that is not above its upper bound")
    }
    self.low = low
    self.high = high
  }

  /// The same interval for every scalar.
  public init(_ range: ClosedRange<Float>) throws(RangeError) {
    try self.init(low: [range.lowerBound], high: [range.upperBound])
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      low: try container.decode([Float].self, forKey: .low), high: try container.decode([Float].self, forKey: .high))
  }

  private enum CodingKeys: String, CodingKey {
    case low, high
  }

  /// Whether it can be declared of examples with that many scalars.
  public func fits(exampleCount: Int) -> Bool { low.count == 1 || low.count == exampleCount }

  /// The range that new examples may be expected in, learned from the examples of a training set `[rows, …]`.
  ///
  /// A feature between 0 and 1, such as a category or a pixel, stays there; others may leave what was seen by four times
  /// its width. The range is a statistic of the training rows and as public as the model.
  public static func covering(_ examples: Tensor<Float>) throws(RangeError) -> InputRange {
    let rows = examples.shape.rank == 0 ? 0 : examples.shape[0]
    let width = rows == 0 ? 1 : Swift.max(examples.count / rows, 1)
    var low = [Float](repeating: 0, count: width)
    var high = [Float](repeating: 1, count: width)
    for row in 0..<rows where examples.count > 0 {
      for column in 0..<width {
        let value = examples.scalars[row * width + column]
        low[column] = Swift.min(low[column], value)
        high[column] = Swift.max(high[column], value)
      }
    }
    for column in 0..<width where low[column] < 0 || high[column] > 1 {
      let margin = 4 * (high[column] - low[column])
      (low[column], high[column]) = (low[column] - margin, high[column] + margin)
    }
    return try InputRange(low: low, high: high)
  }

  /// Holds examples `[rows, …]` to the declared range; their owner does it before sharing.
  ///
  /// - Throws: ``RangeError/outsideDeclared(row:column:range:)`` for the first scalar outside, without its value.
  public func check(_ examples: Tensor<Float>) throws(RangeError) {
    let rows = examples.shape.rank == 0 ? 0 : examples.shape[0]
    guard rows > 0, examples.count > 0 else { return }
    let width = examples.count / rows
    guard fits(exampleCount: width) else {
      throw .invalidRange("a range of \(low.count) features is declared for examples of \(width)")
    }
    for (index, value) in examples.scalars.enumerated() {
      let feature = low.count == 1 ? 0 : index % width
      guard low[feature] <= value, value <= high[feature] else {
        throw .outsideDeclared(
          row: index / width + 1, column: index % width + 1,
          range: Interval(Double(low[feature]), Double(high[feature])))
      }
    }
  }
}

/// Why a program cannot be run on values of the declared ranges.
public enum RangeError: Error, Hashable, Sendable, CustomStringConvertible {
  case invalidRange(String)
  case missingRange(String)
  case outsideDeclared(row: Int, column: Int, range: Interval)
  /// A function meets values that it is not defined for.
  case outsideDomain(layer: String, operation: String, values: Interval, domain: String)

  public var description: String {
    switch self {
    case .invalidRange(let why): why
    case .missingRange(let name): "no range is known of input \"\(name)\": declare one"
    case .outsideDeclared(let row, let column, let range):
      "row \(row), column \(column) of the input is outside the declared range \(range): "
        + "correct the input, or declare a wider range with --input-range"
    case .outsideDomain(let layer, let operation, let values, let domain):
      "\(operation)\(layer.isEmpty ? "" : " in layer \(layer)") may meet values in \(values) where it needs \(domain): "
        + "declare a narrower range with --input-range"
    }
  }
}
