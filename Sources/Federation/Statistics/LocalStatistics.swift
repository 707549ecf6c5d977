public import Datasets
public import Learning

/// A worker's part of the statistics by which numbers are standardised: sums over its training rows, to be added to those of
/// the other workers under the job's aggregation. No row is pooled.
///
/// | for                                   | sums                                        |
/// | ------------------------------------- | ------------------------------------------- |
/// | the table                             | rows                                        |
/// | a numeric column                      | present cells n, Σz, Σz²                    |
/// | a categorical column                  | rows of each listed category                |
/// | a numeric target that is standardised | n, Σz, Σz²                                  |
///
/// `z = (x − middle) / half` of the column's public range, x clipped to it, and `z = x` without one. Declare ranges of
/// columns whose numbers are large or small: an aggregation that hides sums has fixed steps. Missing cells are rows − n.
/// Names of categories are agreed on before, in the open: the coordinator learns each worker's, and workers those of all.
public struct LocalStatistics: Sendable {
  public let sums: [Double]

  /// - Parameter schema: the one all workers agreed on, categories listed; `nil` where rows are no table.
  public init(_ table: WorkerTable, _ schema: Schema?) throws {
    switch (table, schema) {
    case (.tensors(let train, _), nil): sums = [Double(train.rowCount)]
    case (.table(_, let train, _), let schema?): sums = try Self.sums(of: train, schema)
    case (.tensors, _?), (.table, nil):
      throw FederationError.statisticsDoNotFit(
        "columns were agreed on and a worker's rows are no table, or the reverse")
    }
  }

  /// How many sums there are.
  public static func count(_ schema: Schema?) -> Int {
    guard let schema else { return 1 }
    return schema.features.reduce(1 + (schema.hasStandardisedTarget ? 3 : 0)) { $0 + $1.sumCount }
  }

  private static func sums(of train: Table, _ schema: Schema) throws -> [Double] {
    var sums = [Double(train.rowCount)]
    for column in schema.features {
      switch column.kind {
      case .numeric(let range, _): sums += try moments(of: column.name, range, train)
      case .categorical(nil, _, _):
        throw FederationError.statisticsDoNotFit("column \(column.name) lists no categories; agree on them first")
      case .categorical(let categories?, _, _):
        var counts = [String: Double]()
        for case let cell? in try train.column(column.name) { counts[cell, default: 0] += 1 }
        sums += categories.map { counts[$0] ?? 0 }
      }
    }
    if schema.hasStandardisedTarget { sums += try moments(of: schema.target.name, nil, train) }
    return sums
  }

  private static func moments(of column: String, _ range: PublicRange?, _ train: Table) throws -> [Double] {
    let scale = ColumnScale(range)
    let numbers = try train.numbers(in: column).compactMap { $0.map(scale.z) }
    return [Double(numbers.count), numbers.reduce(0, +), numbers.reduce(0) { $0 + $1 * $1 }]
  }

  /// The preprocessing that fitting on all workers' rows together would give, but for rounding.
  public static func preprocessing(_ sums: [Double], _ schema: Schema) throws -> Preprocessing {
    guard sums.count == count(schema) else {
      throw FederationError.wrongLength("the sums over columns", expected: count(schema), given: sums.count)
    }
    guard sums.allSatisfy(\.isFinite) else { throw FederationError.notFinite("the sums over columns") }
    var rest = sums.dropFirst()
    var features: [FittedFeature] = []
    for column in schema.features {
      let own = Array(rest.prefix(column.sumCount))
      rest = rest.dropFirst(column.sumCount)
      switch column.kind {
      case .numeric(let range, let missing):
        let (mean, deviation) = try ColumnScale(range).moments(own, column: column.name)
        let encoding = NumericEncoding(mean: mean, deviation: deviation, range: range, missing: missing)
        features.append(FittedFeature(name: column.name, encoding: .numeric(encoding)))
      case .categorical(let categories, let missing, let unknown):
        let encoding = CategoricalEncoding(categories: categories ?? [], missing: missing, unknown: unknown)
        features.append(FittedFeature(name: column.name, encoding: .categorical(encoding)))
      }
    }
    return try Preprocessing(features: features, targetTransform: target(schema.target, Array(rest)))
  }

  private static func target(_ target: Schema.Target, _ sums: [Double]) throws -> TargetTransform {
    switch target.kind {
    case .numeric(isStandardised: true):
      let (mean, deviation) = try ColumnScale(nil).moments(sums, column: target.name)
      return TargetTransform(name: target.name, kind: .numeric(mean: mean, deviation: deviation))
    case .numeric(isStandardised: false):
      return TargetTransform(name: target.name, kind: .numeric(mean: 0, deviation: 1))
    case .binary(let negative, let positive):
      return TargetTransform(name: target.name, kind: .binary(negative: negative, positive: positive))
    case .classes(let labels?): return TargetTransform(name: target.name, kind: .classes(labels))
    case .classes(nil):
      throw FederationError.statisticsDoNotFit("the target \(target.name) lists no classes; agree on them first")
    }
  }
}

/// Where a column's numbers are moved before they are added.
private struct ColumnScale {
  let range: PublicRange?
  private let middle: Double
  private let half: Double

  init(_ range: PublicRange?) {
    self.range = range
    (middle, half) = range?.middle ?? (0, 1)
  }

  func z(_ number: Double) -> Double { ((range?.place(number) ?? number) - middle) / half }

  /// Mean and population deviation from n, Σz and Σz²; the deviation of a constant is 1.
  func moments(_ sums: [Double], column: String) throws -> (mean: Double, deviation: Double) {
    guard sums[0] > 0.5 else {
      throw FederationError.statisticsDoNotFit("column \(column) has no number at any worker; leave it out")
    }
    let (mean, square) = (sums[1] / sums[0], sums[2] / sums[0])
    let variance = square - mean * mean
    // What is left of a constant's squares is rounding.
    return (middle + half * mean, variance > 1e-11 * square ? half * variance.squareRoot() : 1)
  }
}

extension Schema {
  fileprivate var hasStandardisedTarget: Bool { target.kind == .numeric(isStandardised: true) }
}

extension Schema.Column {
  fileprivate var sumCount: Int {
    switch kind {
    case .numeric: 3
    case .categorical(let categories, _, _): categories?.count ?? 0
    }
  }
}
