import Foundation
import Tensors

/// What a table holds, column by column: the content of `tacit data describe`.
public struct TableSummary: Hashable, Sendable, Codable {
  public let name: String
  public let rows: Int
  public let missingCells: Int
  /// How many rows have at least one missing cell.
  public let rowsWithMissing: Int
  public let columns: [Column]

  public struct Column: Hashable, Sendable, Codable {
    public let name: String
    public let missing: Int
    /// Present for columns of numbers.
    public let numbers: NumberSummary?
    /// Present for other columns.
    public let categories: CategorySummary?
  }

  public struct NumberSummary: Hashable, Sendable, Codable {
    public let minimum: Double
    public let mean: Double
    public let maximum: Double
    /// Of the population.
    public let deviation: Double

    init?(_ numbers: [Double]) {
      guard let moments = Moments(of: numbers), let minimum = numbers.min(), let maximum = numbers.max() else {
        return nil
      }
      self.minimum = minimum
      mean = moments.mean
      self.maximum = maximum
      deviation = moments.deviation
    }
  }

  public struct CategorySummary: Hashable, Sendable, Codable {
    public let distinct: Int
    /// The most frequent values, at most 20.
    public let counts: [LabelCount]

    init(_ cells: [String?]) {
      let counts = LabelCount.counts(of: cells.compactMap { $0 })
      distinct = counts.count
      self.counts = Array(counts.prefix(20))
    }
  }

  public init(of table: Table) throws(DatasetError) {
    var columns: [Column] = []
    for (name, cells) in zip(table.columnNames, table.columns) {
      let numbers = Schema.isNumeric(cells) ? NumberSummary(try table.numbers(in: name).compactMap { $0 }) : nil
      columns.append(
        Column(
          name: name, missing: cells.count { $0 == nil }, numbers: numbers,
          categories: numbers == nil ? CategorySummary(cells) : nil))
    }
    name = table.name
    rows = table.rowCount
    missingCells = columns.reduce(0) { $0 + $1.missing }
    rowsWithMissing = (0..<table.rowCount).count { row in table.columns.contains { $0[row] == nil } }
    self.columns = columns
  }

  /// A line about the table, and one a column.
  public var text: String {
    let rows = columns.map { column -> [String] in
      if let numbers = column.numbers {
        let values =
          "\(short(numbers.minimum)) to \(short(numbers.maximum)), mean \(short(numbers.mean)), "
          + "deviation \(short(numbers.deviation))"
        return [column.name, "numeric", "\(column.missing)", values]
      }
      let counts = column.categories.map { summary in
        let listed = summary.counts.map { "\($0.label) \($0.count)" }.joined(separator: ", ")
        let rest = summary.distinct - summary.counts.count
        return rest > 0 ? "\(listed), and \(rest) more" : listed
      }
      return [column.name, "categorical", "\(column.missing)", counts ?? ""]
    }
    return
      "\(name): \(self.rows) rows, \(columns.count) columns, \(missingCells) missing cells in \(rowsWithMissing) rows\n"
      + aligned([["column", "kind", "missing", "values"]] + rows)
  }
}

/// How often a label occurs.
public struct LabelCount: Hashable, Sendable, Codable {
  public let label: String
  public let count: Int

  /// The labels, most frequent first, equals by name.
  static func counts(of labels: [String]) -> [LabelCount] {
    var counts: [String: Int] = [:]
    for label in labels { counts[label, default: 0] += 1 }
    return counts.map { LabelCount(label: $0.key, count: $0.value) }
      .sorted { ($1.count, $0.label) < ($0.count, $1.label) }
  }
}

/// What a data set of tensors holds.
public struct DatasetSummary: Hashable, Sendable, Codable {
  public let name: String
  public let source: String
  /// `[rows, …]`
  public let shape: [Int]
  public let features: TableSummary.NumberSummary?
  /// For numeric targets.
  public let targets: TableSummary.NumberSummary?
  /// For classes and binary targets: the rows of each class, from class 0.
  public let classCounts: [Int]?

  public init(of dataset: Dataset) {
    name = dataset.name
    source = dataset.source
    shape = dataset.features.shape.extents
    features = TableSummary.NumberSummary(dataset.features.scalars.map { Double($0) })
    guard let classes = dataset.targets.classes, let count = dataset.classCount else {
      targets = TableSummary.NumberSummary(dataset.targets.tensor.scalars.map { Double($0) })
      classCounts = nil
      return
    }
    var counts = [Int](repeating: 0, count: count)
    for index in classes { counts[index] += 1 }
    targets = nil
    classCounts = counts
  }

  /// A few lines about the set.
  public var text: String {
    func line(_ numbers: TableSummary.NumberSummary?) -> String {
      numbers.map { "\(short($0.minimum)) to \(short($0.maximum)), mean \(short($0.mean))" } ?? "none"
    }
    let counts = classCounts?.enumerated().map { "\($0) \($1)" }.joined(separator: ", ")
    return "\(name): shape [\(shape.map(String.init).joined(separator: ", "))]\n"
      + aligned([
        ["source", source], ["features", line(features)],
        counts.map { ["classes", $0] } ?? ["targets", line(targets)],
      ])
  }
}

private func short(_ number: Double) -> String { String(format: "%.6g", number) }

/// Rows of cells as lines, each column as wide as its widest cell.
private func aligned(_ rows: [[String]]) -> String {
  var widths: [Int] = []
  for row in rows {
    for (index, cell) in row.enumerated() {
      if index == widths.count { widths.append(0) }
      widths[index] = max(widths[index], cell.count)
    }
  }
  return rows.map { row in
    let cells = row.enumerated().map { index, cell in
      index + 1 == row.count ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
    }
    return cells.joined(separator: "  ") + "\n"
  }.joined()
}
