/// Named columns of text cells, as a file holds them: nothing is interpreted yet.
public struct Table: Sendable {
  /// What errors call the table, mostly the name of its file.
  public let name: String
  public let columnNames: [String]
  /// The cells of each column, top to bottom; `nil` is a missing value, no cell is empty.
  public let columns: [[String?]]
  public let rowCount: Int
  /// The line of the file each row starts on; empty for a table that was not read from one.
  private let lines: [Int]
  private let indices: [String: Int]

  /// A table of columns of one length; names are unique and not empty. Empty cells become missing ones.
  public init(
    name: String, columnNames: [String], columns: [[String?]], lines: [Int] = []
  ) throws(DatasetError) {
    let rowCount = columns.first?.count ?? 0
    guard columnNames.count == columns.count, columns.allSatisfy({ $0.count == rowCount }),
      lines.isEmpty || lines.count == rowCount
    else { throw .inconsistent("The columns of \(name) differ in length or number; give each a name and all rows") }
    var indices: [String: Int] = [:]
    for (index, columnName) in columnNames.enumerated() {
      guard !columnName.isEmpty, indices.updateValue(index, forKey: columnName) == nil else {
        throw .inconsistent("Column \(index + 1) of \(name) has no name or that of another column; rename it")
      }
    }
    self.name = name
    self.columnNames = columnNames
    self.columns = columns.map { $0.contains("") ? $0.map { $0 == "" ? nil : $0 } : $0 }
    self.rowCount = rowCount
    self.lines = lines
    self.indices = indices
  }

  /// The names of columns in a file without a header: `column1`, `column2`, …
  public static func defaultNames(_ count: Int) -> [String] { (0..<count).map { "column\($0 + 1)" } }

  /// The cells of a column.
  public func column(_ name: String) throws(DatasetError) -> [String?] {
    guard let index = indices[name] else { throw .missingColumn(name, table: self.name) }
    return columns[index]
  }

  /// The cells of a column as numbers; missing cells stay missing.
  ///
  /// - Throws: for a cell that is no decimal number, or whose magnitude exceeds single precision.
  public func numbers(in name: String) throws(DatasetError) -> [Double?] {
    var numbers: [Double?] = []
    numbers.reserveCapacity(rowCount)
    for (row, cell) in try column(name).enumerated() {
      guard let cell else {
        numbers.append(nil)
        continue
      }
      guard let number = DecimalNumber.parse(cell) else {
        let isNonFinite = DecimalNumber.isNonFinite(Array(cell.utf8)[...])
        throw fault(isNonFinite ? .notFinite : .notANumber, row: row, column: name)
      }
      guard abs(number) <= Double(Float.greatestFiniteMagnitude) else {
        throw fault(.notFinite, row: row, column: name)
      }
      numbers.append(number)
    }
    return numbers
  }

  /// The error of a cell, with the line it stands on.
  func fault(_ fault: CellFault, row: Int, column: String) -> DatasetError {
    .unusableCell(
      table: name, place: lines.isEmpty ? .row(row + 1) : .line(lines[row]), column: column, fault: fault)
  }
}

/// Tables made from tables.
extension Table {
  /// Some of the rows, in the order given; each index is one of the table's.
  public func rows(_ rows: [Int]) -> Table {
    Table(
      self, columns: columns.map { column in rows.map { column[$0] } },
      lines: lines.isEmpty ? [] : rows.map { lines[$0] })
  }

  /// The same rows of some columns alone, in the table's order.
  public func keeping(_ names: Set<String>) throws(DatasetError) -> Table {
    let kept = columnNames.indices.filter { names.contains(columnNames[$0]) }
    return try Table(
      name: name, columnNames: kept.map { columnNames[$0] }, columns: kept.map { columns[$0] }, lines: lines)
  }

  /// The same table under other column names.
  public func renamed(_ names: [String]) throws(DatasetError) -> Table {
    try Table(name: name, columnNames: names, columns: columns, lines: lines)
  }

  /// The same table with some cells changed; `body` gets a present cell and gives the new one.
  public func mapping(
    _ names: [String], _ body: (String) -> String?
  ) throws(DatasetError) -> Table {
    var columns = columns
    for name in names {
      guard let index = indices[name] else { throw .missingColumn(name, table: self.name) }
      columns[index] = columns[index].map { $0.flatMap(body) }
    }
    return try Table(name: name, columnNames: columnNames, columns: columns, lines: lines)
  }

  /// The rows of all tables, one table after the other; all have the columns of the first, in any order.
  public static func joined(_ tables: [Table], name: String) throws(DatasetError) -> Table {
    guard let first = tables.first else { throw .inconsistent("There is no table to join") }
    var columns = first.columns
    for table in tables.dropFirst() {
      for (index, column) in first.columnNames.enumerated() { columns[index] += try table.column(column) }
      guard table.columnNames.count == first.columnNames.count else {
        throw .inconsistent("\(table.name) and \(first.name) have different columns; give them the same")
      }
    }
    return try Table(name: name, columnNames: first.columnNames, columns: columns)
  }

  /// A table of columns that source code made: equally long, no cell empty, names unique.
  init(trusted name: String, columnNames: [String], columns: [[String?]]) {
    self.name = name
    self.columnNames = columnNames
    self.columns = columns
    rowCount = columns.first?.count ?? 0
    lines = []
    indices = Dictionary(zip(columnNames, 0...)) { first, _ in first }
  }

  private init(_ table: Table, columns: [[String?]], lines: [Int]) {
    name = table.name
    columnNames = table.columnNames
    self.columns = columns
    rowCount = columns.first?.count ?? 0
    self.lines = lines
    indices = table.indices
  }
}
