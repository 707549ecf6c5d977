import Datasets
import Foundation
import Tensors
import Testing

/// Facts of the published sets, as the notes beside the files state them.
@Suite(.enabled(if: DataFolder.isPresent)) struct NamedDatasetTests {
  func tabular(_ set: NamedDataset) throws -> TabularDataset {
    guard case .tabular(let data) = try set.load(from: DataFolder.path ?? "") else {
      throw DatasetError.inconsistent("\(set) is no table")
    }
    return data
  }

  func mean(_ table: Table, _ column: String) throws -> Double {
    let numbers = try table.numbers(in: column).compactMap { $0 }
    return numbers.reduce(0, +) / Double(numbers.count)
  }

  func missing(_ table: Table) -> [String: Int] {
    let counts = zip(table.columnNames, table.columns).map { name, cells in (name, cells.count { $0 == nil }) }
    return Dictionary(uniqueKeysWithValues: counts.filter { $0.1 > 0 })
  }

  func counts(_ table: Table, _ column: String) throws -> [String: Int] {
    Dictionary(try table.column(column).map { ($0 ?? "", 1) }, uniquingKeysWith: +)
  }

  @Test func creditApproval() throws {
    let data = try tabular(.creditApproval)
    #expect(data.table.rowCount == 690)
    #expect(missing(data.table) == ["A1": 12, "A2": 12, "A4": 6, "A5": 6, "A6": 9, "A7": 9, "A14": 13])
    #expect((0..<690).count { row in data.table.columns.contains { $0[row] == nil } } == 37)
    #expect(try counts(data.table, "A16") == ["+": 307, "-": 383])
    #expect(abs(try mean(data.table, "A2") - 31.5682) < 5e-5)
    let eleven = try data.table.numbers(in: "A11").compactMap { $0 }
    let fourteen = try data.table.numbers(in: "A14").compactMap { $0 }
    #expect(eleven.max() == 67 && fourteen.max() == 2_000 && fourteen.first == 202)
    let prepared = try data.prepared(test: 0.2, seed: 7)
    #expect(prepared.train.features.shape == [552, 47] && prepared.test.rowCount == 138)
    #expect(prepared.test.targets.classes?.count { $0 == 1 } == 61)
  }

  @Test func pima() throws {
    let data = try tabular(.pima)
    #expect(data.table.rowCount == 768)
    #expect(
      missing(data.table)
        == ["Glucose": 5, "BloodPressure": 35, "SkinThickness": 227, "Insulin": 374, "BMI": 11])
    #expect(try counts(data.table, "Outcome") == ["0": 500, "1": 268])
    #expect(try data.table.column("Pregnancies").count { $0 == "0" } == 111)
    #expect(try data.prepared(test: 0.2, seed: 7).train.features.shape == [614, 13])
  }

  @Test func boston() throws {
    let data = try tabular(.boston)
    #expect(data.table.rowCount == 506)
    #expect(abs(try mean(data.table, "MEDV") - 22.5328) < 5e-5)
    let values = try data.table.numbers(in: "MEDV").compactMap { $0 }
    #expect(values.min() == 5 && values.max() == 50)
    let prepared = try data.prepared(test: 0.2, seed: 7)
    #expect(prepared.train.features.shape == [405, 13] && prepared.test.targets.classCount == nil)
  }

  @Test func iris() throws {
    let data = try tabular(.iris)
    for (column, value) in zip(data.table.columnNames, [5.8433, 3.0540, 3.7587, 1.1987]) {
      #expect(abs(try mean(data.table, column) - value) < 5e-5)
    }
    #expect(try counts(data.table, "class") == ["Iris-setosa": 50, "Iris-versicolor": 50, "Iris-virginica": 50])
    let prepared = try data.prepared(test: 0.2, seed: 1)
    #expect(prepared.test.targets.classes?.sorted() == [0, 1, 2].flatMap { [Int](repeating: $0, count: 10) })
    #expect(prepared.train.batch(rows: [0, 1]).targets.shape == [2, 3])
  }

  @Test func wisconsin() throws {
    let data = try tabular(.wdbc)
    #expect(try counts(data.table, "diagnosis") == ["M": 212, "B": 357])
    #expect(abs(try mean(data.table, "mean radius") - 14.1273) < 5e-5)
    #expect(try data.prepared(test: 0.2, seed: 7).train.features.shape == [455, 30])
  }

  @Test func germanCredit() throws {
    let data = try tabular(.germanCredit)
    #expect(try counts(data.table, "class") == ["1": 700, "2": 300])
    #expect(abs(try mean(data.table, "amount") - 3_271.258) < 5e-4)
    #expect(try data.prepared(test: 0.2, seed: 7).train.rowCount == 800)
  }

  @Test func adult() throws {
    let data = try tabular(.adult)
    let test = try #require(data.testTable)
    #expect(data.table.rowCount == 32_561 && test.rowCount == 16_281)
    #expect(try counts(data.table, "income") == ["<=50K": 24_720, ">50K": 7_841])
    #expect(try counts(test, "income") == ["<=50K": 12_435, ">50K": 3_846])
    for (table, rows) in [(data.table, 2_399), (test, 1_221)] {
      #expect((0..<table.rowCount).count { row in table.columns.contains { $0[row] == nil } } == rows)
    }
    let prepared = try data.prepared(test: 0.5, seed: 7)
    #expect(prepared.train.rowCount == 32_561 && prepared.test.rowCount == 16_281)
  }

  /// Characters outside the window, the speaker's name and empty lines are no part of a row.
  @Test func shakespeare() throws {
    let data = try tabular(.shakespeare)
    #expect(data.table.columnNames.count == 10 && data.schema.features.count == 8)
    #expect((35_000...45_000).contains(data.table.rowCount))
    let next = try data.table.column("next").compactMap { $0 }
    // The first speech begins with "Before we proceed any further", and every 25th character is one to guess.
    let before = try data.table.column("1 before")
    #expect(Array(next.prefix(2)) == ["B", "t"] && Array(before.prefix(2)) == [nil, "r"])
    #expect(try data.table.column("speaker")[0] == "First Citizen")
    let speakers = try counts(data.table, "speaker")
    #expect(speakers.count > 200 && speakers["GLOUCESTER"] ?? 0 > 500)
    // The commonest is the space, about one in six.
    let spaces = Double(next.count { $0 == "space" }) / Double(next.count)
    #expect(abs(spaces - 0.16) < 0.03)
    let prepared = try data.prepared(test: 0.1, seed: 7)
    #expect(prepared.train.features.shape[1] == 520 && prepared.train.targets.classCount == 65)
  }

  @Test func mnist() throws {
    guard case .tensors(let train, let test) = try NamedDataset.mnist.load(from: DataFolder.path ?? "") else {
      Issue.record("mnist is no table")
      return
    }
    #expect(train.features.shape == [60_000, 784] && test.features.shape == [10_000, 784])
    // The sum of all pixels; 255 times a feature is exact once rounded.
    let sum = train.features.scalars.reduce(0) { $0 + Int(($1 * 255).rounded()) }
    #expect(sum == 1_567_298_545)
    #expect(
      DatasetSummary(of: train).classCounts
        == [5_923, 6_742, 5_958, 6_131, 5_842, 5_421, 5_918, 6_265, 5_851, 5_949])
    #expect(
      DatasetSummary(of: test).classCounts == [980, 1_135, 1_032, 1_010, 982, 892, 958, 1_028, 974, 1_009])
    #expect(test.targets.classes?.prefix(5) == [7, 2, 1, 0, 4])
  }

  /// Each set's name is also its folder, and each cites its source.
  @Test(arguments: NamedDataset.allCases)
  func everySetLoads(set: NamedDataset) throws {
    if set != .mnist { #expect(try tabular(set).name == set.rawValue) }
    #expect(!set.source.isEmpty)
  }
}

@Suite struct MissingDataTests {
  @Test func saysWhatIsMissingAndWhere() {
    #expect(
      message { _ = try NamedDataset.iris.load(from: "/nowhere/") }
        == "The data set iris was looked for at /nowhere/iris/iris.csv and is not there: fetch it with tacit data "
        + "fetch iris, or name another folder with --data or TACIT_DATA.")
    #expect(
      message { _ = try NamedDataset.mnist.load(from: "/nowhere") }
        == "The data set mnist was looked for at /nowhere/mnist/train-images-idx3-ubyte.gz and is not there: fetch it "
        + "with tacit data fetch mnist, or name another folder with --data or TACIT_DATA.")
    #expect(
      message { _ = try NamedDataset.iris.folder(flag: nil, environment: [:]) }
        == "The data set iris needs a folder of data: name the one that holds it with --data or TACIT_DATA.")
    #expect(
      message { _ = try CSV.read(path: "/nowhere/x.csv") } == "There is no file at /nowhere/x.csv: check the path.")
    #expect(message { _ = try CSV.read(path: "/") } == "The file / is not a file; name a file.")
  }

  @Test func theFlagGoesBeforeTheEnvironment() throws {
    let environment = ["TACIT_DATA": "/a"]
    #expect(try NamedDataset.iris.folder(flag: nil, environment: environment) == "/a")
    #expect(try NamedDataset.iris.folder(flag: "/b", environment: environment) == "/b")
  }

  @Test func filesRoundTrip() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tacit-datasets-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let table = SyntheticCredit.table(rows: 50)
    let csv = folder.appending(path: "t.csv").path
    try CSV.write(table, to: csv)
    let read = try CSV.read(path: csv)
    #expect(read.columns == table.columns && read.columnNames == table.columnNames && read.name == "t.csv")
    let tensor = Tensor<Float>(shape: [2, 2], scalars: [1, 2, 3, 4])
    let npy = folder.appending(path: "t.npy").path
    try NPY.write(tensor, to: npy)
    #expect(try NPY.read(path: npy) == tensor)
  }
}
