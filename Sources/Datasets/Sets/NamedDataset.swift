import Tensors

/// The public data sets the project knows by name.
public enum NamedDataset: String, Hashable, Sendable, CaseIterable {
  case creditApproval = "credit-approval"
  case pima
  case boston
  case iris
  case wdbc
  case germanCredit = "german-credit"
  case adult
  case mnist
  case shakespeare

  /// The set's citation.
  public var source: String {
    switch self {
    case .creditApproval: "J. R. Quinlan, Credit Approval, UCI Machine Learning Repository, doi 10.24432/C5FS30"
    case .pima: "Pima Indians Diabetes, US National Institute of Diabetes and Digestive and Kidney Diseases, 1990"
    case .boston: "D. Harrison and D. L. Rubinfeld, J. Environ. Economics and Management 5, 1978"
    case .iris: "R. A. Fisher, Iris, UCI Machine Learning Repository, doi 10.24432/C56C76"
    case .wdbc: "W. Wolberg et al., Breast Cancer Wisconsin (Diagnostic), UCI, doi 10.24432/C5DW2B"
    case .germanCredit: "H. Hofmann, Statlog (German Credit Data), UCI, doi 10.24432/C5NC77"
    case .adult: "B. Becker and R. Kohavi, Adult, UCI Machine Learning Repository, doi 10.24432/C5XW20"
    case .shakespeare: "Works of Shakespeare, extracts by A. Karpathy, char-rnn, 2015"
    case .mnist: "Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST Database of Handwritten Digits"
    }
  }

  /// Reads the set from a folder that has one subfolder a set, named like it.
  public func load(from folder: String) throws(DatasetError) -> LoadedDataset {
    switch self {
    case .creditApproval: try tabular(folder, "crx.data", Self.creditColumns, Self.creditSchema)
    case .pima: try pima(folder)
    case .boston: try boston(folder)
    case .iris: try tabular(folder, "iris.csv", Self.irisColumns, Self.irisSchema)
    case .wdbc: try tabular(folder, "wdbc.data", Self.wdbcColumns, Self.wdbcSchema)
    case .germanCredit: try german(folder)
    case .adult: try adult(folder)
    case .shakespeare: try plays(folder)
    case .mnist: .tensors(train: try digits(folder, "train"), test: try digits(folder, "t10k"))
    }
  }

  /// The folder of data: the one given by flag, else the one `TACIT_DATA` names in the environment.
  public func folder(flag: String?, environment: [String: String]) throws(DatasetError) -> String {
    guard let folder = flag ?? environment["TACIT_DATA"], !folder.isEmpty else { throw .noDataFolder(set: rawValue) }
    return folder
  }

  /// What the publisher says of the columns, before anybody looked at a row; `nil` where there are none.
  public var publishedSchema: Schema? {
    switch self {
    case .creditApproval: Self.creditSchema
    case .pima: Self.pimaSchema
    case .boston: Self.bostonSchema
    case .iris: Self.irisSchema
    case .wdbc: Self.wdbcSchema
    case .germanCredit: Self.germanSchema
    case .adult: Self.adultSchema
    case .shakespeare: Shakespeare.schema
    case .mnist: nil
    }
  }

  // MARK: Files

  private func path(_ folder: String, _ file: String) -> String {
    (folder.hasSuffix("/") ? folder : folder + "/") + rawValue + "/" + file
  }

  /// - Parameter change: makes of the publisher's bytes a table with commas.
  private func table(
    _ folder: String, _ file: String, _ columns: [String], _ change: ([UInt8]) -> [UInt8] = { $0 }
  ) throws(DatasetError) -> Table {
    let bytes = change(try ByteFile.read(path(folder, file), for: rawValue))
    let format = CSVFormat(separator: .comma, header: .absent)
    let table = try CSV.parse(bytes, file: "\(rawValue)/\(file)", format: format)
    guard table.columnNames.count == columns.count else {
      throw .malformedText(
        file: table.name, line: 1,
        fault: .wrongFieldCount(expected: columns.count, found: table.columnNames.count))
    }
    return try table.renamed(columns)
  }

  private func tabular(
    _ folder: String, _ file: String, _ columns: [String], _ schema: Schema
  ) throws(DatasetError) -> LoadedDataset {
    let table = try table(folder, file, columns)
    return .tabular(TabularDataset(name: rawValue, source: source, schema: schema, table: table))
  }

  /// Zero stands for a missing value in five columns.
  private func pima(_ folder: String) throws(DatasetError) -> LoadedDataset {
    let table = try table(folder, "pima-indians-diabetes.csv", Self.pimaColumns)
      .mapping(Self.pimaColumnsWithMissing) { DecimalNumber.parse($0) == 0 ? nil : $0 }
    return .tabular(TabularDataset(name: rawValue, source: source, schema: Self.pimaSchema, table: table))
  }

  private func plays(_ folder: String) throws(DatasetError) -> LoadedDataset {
    let file = "tinyshakespeare.txt"
    let bytes = try ByteFile.read(path(folder, file), for: rawValue)
    let table = try Shakespeare.table(bytes, name: "\(rawValue)/\(file)")
    return .tabular(TabularDataset(name: rawValue, source: source, schema: Shakespeare.schema, table: table))
  }

  /// The publisher's file has columns of a width; there is an edition with commas, too.
  private func boston(_ folder: String) throws(DatasetError) -> LoadedDataset {
    let hasCommas = ByteFile.exists(path(folder, "housing.csv")) || !ByteFile.exists(path(folder, "housing.data"))
    guard !hasCommas else { return try tabular(folder, "housing.csv", Self.bostonColumns, Self.bostonSchema) }
    let table = try table(folder, "housing.data", Self.bostonColumns) { bytes in
      let lines = bytes.split(separator: UInt8(ascii: "\n"))
      let rows = lines.map { line in
        line.split(separator: UInt8(ascii: " ")).joined(separator: [UInt8(ascii: ",")])
      }
      return Array(rows.joined(separator: [UInt8(ascii: "\n")]))
    }
    return .tabular(TabularDataset(name: rawValue, source: source, schema: Self.bostonSchema, table: table))
  }

  /// The publisher's file has spaces; there is an edition with commas, too.
  private func german(_ folder: String) throws(DatasetError) -> LoadedDataset {
    let hasCommas = ByteFile.exists(path(folder, "german.csv")) || !ByteFile.exists(path(folder, "german.data"))
    guard !hasCommas else { return try tabular(folder, "german.csv", Self.germanColumns, Self.germanSchema) }
    let table = try table(folder, "german.data", Self.germanColumns) { bytes in
      bytes.map { $0 == UInt8(ascii: " ") ? UInt8(ascii: ",") : $0 }
    }
    return .tabular(TabularDataset(name: rawValue, source: source, schema: Self.germanSchema, table: table))
  }

  /// The classes of the test file carry a full stop, and the publisher's has a line of its own before the rows.
  private func adult(_ folder: String) throws(DatasetError) -> LoadedDataset {
    let test = try table(folder, "adult.test", Self.adultColumns, Self.withoutNote)
      .mapping(["income"]) { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
    return .tabular(
      TabularDataset(
        name: rawValue, source: source, schema: Self.adultSchema,
        table: try table(folder, "adult.data", Self.adultColumns), testTable: test))
  }

  private static func withoutNote(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.first == UInt8(ascii: "|"), let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return bytes }
    return Array(bytes[(end + 1)...])
  }

  private func digits(_ folder: String, _ part: String) throws(DatasetError) -> Dataset {
    let images = try array(folder, "\(part)-images-idx3-ubyte")
    let labels = try array(folder, "\(part)-labels-idx1-ubyte")
    guard images.shape.rank == 3, images.shape[1] == 28, images.shape[2] == 28,
      labels.shape == [images.shape[0]], labels.scalars.allSatisfy({ $0 < 10 })
    else {
      throw .malformedFile(
        file: "\(rawValue)/\(part)-images-idx3-ubyte",
        reason: "the images are not 28 by 28 with one digit each; fetch the files again")
    }
    let shades = (0...255).map { Float($0) / 255 }
    let pixels = Tensor<Float>(shape: [images.shape[0], 784]) { buffer in
      for (index, pixel) in images.scalars.enumerated() { buffer.initializeElement(at: index, to: shades[Int(pixel)]) }
    }
    return try Dataset(
      name: rawValue, source: source, features: pixels, targets: .classes(labels.scalars.map { Int($0) }, count: 10))
  }

  /// An IDX file, packed or else not.
  private func array(_ folder: String, _ file: String) throws(DatasetError) -> Tensor<UInt8> {
    let packed = path(folder, file + ".gz")
    let isPacked = ByteFile.exists(packed) || !ByteFile.exists(path(folder, file))
    let bytes = try ByteFile.read(isPacked ? packed : path(folder, file), for: rawValue)
    return try IDX.parse(bytes, file: "\(rawValue)/\(file)")
  }
}

/// A data set as read: a table to be fitted, or tensors with the publisher's split.
public enum LoadedDataset: Sendable {
  case tabular(TabularDataset)
  case tensors(train: Dataset, test: Dataset)

  /// Both parts, ready for training; a publisher's split is kept, whatever `test` and `seed` say.
  public func prepared(test share: Double, seed: UInt64) throws(DatasetError) -> PreparedDataset {
    switch self {
    case .tabular(let tabular): try tabular.prepared(test: share, seed: seed)
    case .tensors(let train, let test): PreparedDataset(train: train, test: test, preprocessing: nil)
    }
  }
}
