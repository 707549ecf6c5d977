extension Schema {
  /// The schema a table suggests: columns of numbers are numeric, others categorical; a column with missing cells
  /// gets an indicator, or a category of its own.
  ///
  /// The target is binary if it has two labels, else numeric if it is numbers, else classes; `range` gives the public
  /// ranges of numeric columns. Inference looks at all rows it is given, so give it those of training.
  public static func inferred(
    from table: Table, target: String, ranges: [String: PublicRange] = [:], ignoring ignored: Set<String> = []
  ) throws(DatasetError) -> Schema {
    let labels = try table.column(target)
    for name in ranges.keys.sorted() + ignored.sorted() { _ = try table.column(name) }
    var features: [Column] = []
    for (name, cells) in zip(table.columnNames, table.columns) where name != target && !ignored.contains(name) {
      let hasMissing = cells.contains(nil)
      if isNumeric(cells) {
        features.append(
          Column(name, .numeric(range: ranges[name], missing: hasMissing ? .meanWithIndicator : .mean)))
      } else if ranges[name] != nil {
        throw .unusableColumn(
          name, table: table.name, reason: "it has a public range and is not all numbers; correct one")
      } else {
        features.append(Column(name, .categorical(missing: hasMissing ? .ownCategory : .allZeros)))
      }
    }
    guard !features.isEmpty else {
      throw .inconsistent("\(table.name) has no column beside the target \(target); it needs at least one feature")
    }
    return Schema(features: features, target: Target(target, targetKind(of: labels)))
  }

  /// Whether a column has present cells and all of them are numbers.
  static func isNumeric(_ cells: [String?]) -> Bool {
    let present = cells.lazy.compactMap { $0 }
    return !present.isEmpty && present.allSatisfy { DecimalNumber.parse($0) != nil }
  }

  private static func targetKind(of labels: [String?]) -> TargetKind {
    let distinct = sortedLabels(labels)
    if distinct.count == 2 {
      let isFirstPositive = positiveLabels.contains(distinct[0].lowercased())
      return .binary(negative: distinct[isFirstPositive ? 1 : 0], positive: distinct[isFirstPositive ? 0 : 1])
    }
    return isNumeric(labels) ? .numeric() : .classes()
  }

  /// Labels that are taken for the positive one of two.
  package static let positiveLabels: Set<String> = ["+", "1", "yes", "y", "true", "t", "positive"]

  /// The distinct present cells; numbers by size, text by code point.
  package static func sortedLabels(_ cells: [String?]) -> [String] {
    let distinct = Set(cells.lazy.compactMap { $0 })
    let numbers = distinct.map { ($0, DecimalNumber.parse($0)) }
    guard numbers.allSatisfy({ $0.1 != nil }) else { return distinct.sorted() }
    return numbers.sorted { ($0.1 ?? 0, $0.0) < ($1.1 ?? 0, $1.0) }.map(\.0)
  }
}
