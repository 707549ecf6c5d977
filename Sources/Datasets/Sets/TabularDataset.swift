/// A table, what its columns mean, and where it comes from; not yet fitted, so that training rows alone decide how.
public struct TabularDataset: Sendable {
  public let name: String
  public let source: String
  public let schema: Schema
  /// All rows, or those of training where the publisher fixed the split.
  public let table: Table
  /// The publisher's test rows.
  public let testTable: Table?

  public init(name: String, source: String, schema: Schema, table: Table, testTable: Table? = nil) {
    self.name = name
    self.source = source
    self.schema = schema
    self.table = table
    self.testTable = testTable
  }

  /// Two tables, stratified by the labels of the target; the publisher's split where there is one.
  public func split(test: Double, seed: UInt64) throws(DatasetError) -> (train: Table, test: Table) {
    if let testTable { return (table, testTable) }
    switch schema.target.kind {
    case .binary, .classes: return try table.split(test: test, seed: seed, stratifiedBy: schema.target.name)
    case .numeric: return try table.split(test: test, seed: seed)
    }
  }

  /// Splits, fits the preprocessing on the training rows, and applies it to both parts.
  public func prepared(test: Double, seed: UInt64) throws(DatasetError) -> PreparedDataset {
    let (train, test) = try split(test: test, seed: seed)
    return try prepared(train: train, test: test)
  }

  /// Fits the preprocessing on the rows of one table and applies it to both.
  public func prepared(train: Table, test: Table) throws(DatasetError) -> PreparedDataset {
    let preprocessing = try Preprocessing.fit(train, schema)
    return PreparedDataset(
      train: try preprocessing.dataset(of: train, name: name, source: source),
      test: try preprocessing.dataset(of: test, name: name, source: source), preprocessing: preprocessing)
  }
}

/// What training needs: two parts, and how a raw row becomes features.
public struct PreparedDataset: Sendable {
  public let train: Dataset
  public let test: Dataset
  /// `nil` where the features are the raw numbers, as with images.
  public let preprocessing: Preprocessing?

  public init(train: Dataset, test: Dataset, preprocessing: Preprocessing?) {
    self.train = train
    self.test = test
    self.preprocessing = preprocessing
  }
}

extension Table {
  /// Two tables by seed; where a column is named, each of its values gives its share to the test rows.
  public func split(
    test: Double, seed: UInt64, stratifiedBy column: String? = nil
  ) throws(DatasetError) -> (train: Table, test: Table) {
    let split = try RowSplit.heldOut(strata: strata(by: column), test: test, seed: seed)
    return (rows(split.train), rows(split.test))
  }

  /// The index of each row's value among the sorted values of a column; a missing value counts as one.
  func strata(by column: String?) throws(DatasetError) -> [Int] {
    guard let column else { return [Int](repeating: 0, count: rowCount) }
    let cells = try self.column(column)
    let indices = Dictionary(zip(Schema.sortedLabels(cells), 1...)) { first, _ in first }
    return cells.map { cell in cell.flatMap { indices[$0] } ?? 0 }
  }
}
