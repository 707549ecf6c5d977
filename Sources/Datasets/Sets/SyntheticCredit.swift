import Arithmetic

/// Invented credit applications that look like UCI Credit Approval: the rows of `tacit demo credit`.
///
/// Fifteen anonymous attributes, six of them numbers, with the columns, kinds, categories and about the missing cells
/// and the share of approvals (45 %) of the original. Nobody's data is behind it. A row is made thus:
///
/// 1. Two hidden traits, prosperity and stability, are standard normal.
/// 2. The attributes follow the traits: A2 (18 to 80), A3, A8, A11, A14 and A15 are skewed, log-normal but for zeros;
///    A9 and A10 are coins whose odds grow with prosperity; A5 repeats A4; A6 leans on prosperity and A7 on A6;
///    A1, A12 and A13 are noise.
/// 3. Approval is a coin with the logistic odds of a score of A4, A6, A8, A9, A10, A11, A14 and A15. The coin is the
///    noise that no classifier can beat: the best possible accuracy is about 0.92, and logistic regression on
///    690 rows reaches 0.87.
/// 4. A1, A2 and A14 are missing in 1.8 % of rows each, A4 to A7 together in 1 %, independent of all else.
public enum SyntheticCredit {
  public static let name = "synthetic-credit"

  /// The kinds, categories and public ranges of the columns.
  public static var schema: Schema { NamedDataset.creditSchema }

  /// Rows by seed; a longer table of the same seed begins with the rows of a shorter one.
  public static func table(rows: Int = 690, seed: UInt64 = 2) -> Table {
    var generator = SeedTree(seed: seed).child("synthetic credit").generator()
    var columns = [[String?]](repeating: [], count: NamedDataset.creditColumns.count)
    for _ in 0..<max(rows, 1) {
      let normals = (0..<CreditApplication.normalCount).map { _ in generator.normal() }
      let uniforms = (0..<CreditApplication.uniformCount).map { _ in generator.uniform() }
      let application = CreditApplication(normals: normals, uniforms: uniforms)
      for (index, cell) in application.cells.enumerated() { columns[index].append(cell) }
    }
    return Table(trusted: name, columnNames: NamedDataset.creditColumns, columns: columns)
  }

  /// The table with its schema, ready to be split.
  public static func dataset(rows: Int = 690, seed: UInt64 = 2) -> TabularDataset {
    TabularDataset(
      name: name, source: "generated with seed \(seed)", schema: schema, table: table(rows: rows, seed: seed))
  }
}
