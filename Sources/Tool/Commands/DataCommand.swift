import ArgumentParser
import Foundation
import Tacit

struct DataCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Fetch data sets, look at them and split them.",
    discussion: """
      Named sets: \(NamedDataset.allCases.map(\.rawValue).joined(separator: ", ")); they are read from the folder \
      given by --data or the variable TACIT_DATA. Any .csv file will do as well.
      """,
    subcommands: [Fetch.self, Describe.self, Split.self])

  struct Describe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Describe a data set: columns, ranges, missing values, classes.",
      discussion: "Example: tacit data describe credit-approval --data ../shared/data")

    @Argument(help: "A named set or a .csv file.") var set: String
    @Option(help: "The folder of data sets.") var data: String?
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
      switch try DataSource.load(set, folder: data) {
      case .tabular(let dataset):
        let summary = try TableSummary(of: dataset.table)
        if json { try JSONOutput.print(summary) } else { print(summary.text) }
      case .tensors(let train, _):
        let summary = DatasetSummary(of: train)
        if json { try JSONOutput.print(summary) } else { print(summary.text) }
      }
    }
  }

  struct Split: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Split a table into training and test rows.",
      discussion: """
        A named set is split stratified by its class, a file by the column given with --stratify, else by its last column \
        if that holds labels.

        Example: tacit data split applications.csv --test 0.2 --seed 7 --stratify approved --out parts
        """)

    @Argument(help: "A named table or a .csv file.") var set: String
    @Option(help: "The folder of data sets.") var data: String?
    @Option(help: "The share of test rows, between 0 and 1.") var test = 0.2
    @Option(help: "The seed; the same seed gives the same split.") var seed: UInt64 = 7
    @Option(help: "A column whose values are to have equal shares in both parts.") var stratify: String?
    @Option(help: "The folder for train.csv and test.csv.") var out: String
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
      guard test > 0, test < 1 else { throw UsageError("--test must be between 0 and 1, not \(test)") }
      let parts: (train: Table, test: Table)
      switch try DataSource.load(set, folder: data) {
      case .tabular(let dataset):
        if let stratify {
          parts = try dataset.table.split(test: test, seed: seed, stratifiedBy: stratify)
        } else {
          parts = try dataset.split(test: test, seed: seed)
        }
      case .tensors: throw UsageError("\(set) has images, and comes split already: only tables can be split")
      }
      try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
      try CSV.write(parts.train, to: out + "/train.csv")
      try CSV.write(parts.test, to: out + "/test.csv")
      let report = ["train": parts.train.rowCount, "test": parts.test.rowCount]
      if json {
        try JSONOutput.print(report)
      } else {
        print("\(parts.train.rowCount) rows in \(out)/train.csv, \(parts.test.rowCount) in \(out)/test.csv")
      }
    }
  }
}

/// Data by name or by file.
enum DataSource {
  static func load(_ name: String, folder: String?) throws -> LoadedDataset {
    if let set = NamedDataset(rawValue: name) {
      return try set.load(from: try set.folder(flag: folder, environment: ProcessInfo.processInfo.environment))
    }
    guard name.hasSuffix(".csv") || name.hasSuffix(".data") else {
      let known = NamedDataset.allCases.map(\.rawValue).joined(separator: ", ")
      throw UsageError("there is no data set \"\(name)\": name a .csv file or one of \(known)")
    }
    let table = try CSV.read(path: name, format: CSVFormat(header: .detect))
    let schema = try Schema.inferred(from: table, target: table.columnNames.last ?? "")
    return .tabular(TabularDataset(name: name, source: name, schema: schema, table: table))
  }
}
