/// One column of a table and the tensor columns it becomes.
public struct FittedFeature: Hashable, Sendable {
  public let name: String
  public let encoding: Encoding

  public init(name: String, encoding: Encoding) {
    self.name = name
    self.encoding = encoding
  }

  public enum Encoding: Hashable, Sendable {
    case numeric(NumericEncoding)
    case categorical(CategoricalEncoding)
  }

  static func fit(_ column: Schema.Column, to table: Table) throws(DatasetError) -> FittedFeature {
    switch column.kind {
    case .numeric(let range, let missing):
      let numbers = try table.numbers(in: column.name).compactMap { $0.map { range?.place($0) ?? $0 } }
      guard let moments = Moments(of: numbers) else {
        throw .unusableColumn(column.name, table: table.name, reason: "all its cells are missing; leave the column out")
      }
      return FittedFeature(
        name: column.name,
        encoding: .numeric(
          NumericEncoding(mean: moments.mean, deviation: moments.scale, range: range, missing: missing)))
    case .categorical(let listed, let missing, let unknown):
      let cells = try table.column(column.name)
      let categories = listed ?? Schema.sortedLabels(cells)
      guard !categories.isEmpty || missing == .ownCategory else {
        throw .unusableColumn(column.name, table: table.name, reason: "all its cells are missing; leave the column out")
      }
      guard listed != nil || categories.count <= CategoricalEncoding.fittedLimit else {
        throw .unusableColumn(
          column.name, table: table.name,
          reason: "it has \(categories.count) categories; leave the column out, or declare its categories")
      }
      return FittedFeature(
        name: column.name,
        encoding: .categorical(CategoricalEncoding(categories: categories, missing: missing, unknown: unknown)))
    }
  }

  static func declared(by column: Schema.Column) throws(DatasetError) -> FittedFeature {
    switch column.kind {
    case .numeric(let range?, let missing):
      let (middle, half) = range.middle
      let encoding = NumericEncoding(mean: middle, deviation: half, range: range, missing: missing)
      return FittedFeature(name: column.name, encoding: .numeric(encoding))
    case .categorical(let categories?, let missing, let unknown):
      let encoding = CategoricalEncoding(categories: categories, missing: missing, unknown: unknown)
      return FittedFeature(name: column.name, encoding: .categorical(encoding))
    case .numeric(nil, _):
      throw .inconsistent("Column \(column.name) declares no public range; declare one, or fit on rows that are public")
    case .categorical(nil, _, _):
      throw .inconsistent("Column \(column.name) lists no categories; list them, or fit on rows that are public")
    }
  }

  /// How many tensor columns it takes.
  public var width: Int {
    switch encoding {
    case .numeric(let encoding): encoding.missing == .meanWithIndicator ? 2 : 1
    case .categorical(let encoding): encoding.categories.count + (encoding.missing == .ownCategory ? 1 : 0)
    }
  }

  public var featureNames: [String] {
    switch encoding {
    case .numeric(let encoding): [name] + (encoding.missing == .meanWithIndicator ? ["\(name) missing"] : [])
    case .categorical(let encoding):
      encoding.categories.map { "\(name)=\($0)" } + (encoding.missing == .ownCategory ? ["\(name) missing"] : [])
    }
  }

  /// Writes the column's features over zeros: row `r` from `offset + r * stride`.
  func write(_ table: Table, into scalars: inout [Float], offset: Int, stride: Int) throws(DatasetError) {
    switch encoding {
    case .numeric(let encoding):
      for (row, number) in try table.numbers(in: name).enumerated() {
        let index = offset + row * stride
        if let number {
          let scalar = encoding.standardised(number)
          guard scalar.isFinite else { throw table.fault(.notFinite, row: row, column: name) }
          scalars[index] = scalar
        } else {
          guard encoding.missing != .refused else { throw table.fault(.missing, row: row, column: name) }
          if encoding.missing == .meanWithIndicator { scalars[index + 1] = 1 }
        }
      }
    case .categorical(let encoding):
      let indices = Dictionary(zip(encoding.categories, 0...)) { first, _ in first }
      for (row, cell) in try table.column(name).enumerated() {
        let index = offset + row * stride
        if let cell {
          if let category = indices[cell] {
            scalars[index + category] = 1
          } else if encoding.unknown == .refused {
            throw table.fault(.unknownCategory, row: row, column: name)
          }
        } else {
          guard encoding.missing != .refused else { throw table.fault(.missing, row: row, column: name) }
          if encoding.missing == .ownCategory { scalars[index + encoding.categories.count] = 1 }
        }
      }
    }
  }
}

/// Standardisation: `(clipped number − mean) / deviation`, all three on the scale of its range.
public struct NumericEncoding: Hashable, Sendable, Codable {
  public let mean: Double
  public let deviation: Double
  public let range: PublicRange?
  public let missing: MissingNumber

  public init(mean: Double, deviation: Double, range: PublicRange?, missing: MissingNumber) {
    self.mean = mean
    self.deviation = deviation
    self.range = range
    self.missing = missing
  }

  /// The ends of the public range as a model meets them, and 0, which stands for a missing number; `nil` without a range.
  package var publicBounds: ClosedRange<Float>? {
    guard let range, deviation > 0 else { return nil }
    return min(standardised(range.low), 0)...max(standardised(range.high), 0)
  }

  func standardised(_ number: Double) -> Float {
    Float(((range?.place(number) ?? number) - mean) / deviation)
  }
}

/// One-hot encoding over a list of categories.
public struct CategoricalEncoding: Hashable, Sendable, Codable {
  /// More distinct values than this in the training rows are taken for an identifier, not for categories.
  package static let fittedLimit = 1_000

  public let categories: [String]
  public let missing: MissingCategory
  public let unknown: UnknownCategory

  public init(categories: [String], missing: MissingCategory, unknown: UnknownCategory) {
    self.categories = categories
    self.missing = missing
    self.unknown = unknown
  }
}

/// Mean and population standard deviation.
struct Moments {
  let mean: Double
  let deviation: Double

  /// `nil` for no numbers at all.
  init?(of numbers: [Double]) {
    guard !numbers.isEmpty else { return nil }
    let count = Double(numbers.count)
    let mean = numbers.reduce(0, +) / count
    self.mean = mean
    deviation = (numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
  }

  /// What to divide by: 1 for a constant, whose deviation is nothing but rounding.
  var scale: Double { deviation > 1e-12 * abs(mean) ? deviation : 1 }
}
