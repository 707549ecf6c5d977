import ArgumentParser
import Foundation
import Tacit

extension DataCommand {
  struct Fetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fetch a named set from its publisher, and check it.",
      discussion: """
        Files are checked by their SHA-256; what is there already is left alone, and a fetch that was cut goes on where it ended. Without \
        a publisher today: \(NamedDataset.allCases.filter { $0.publishedFiles == nil }.map(\.rawValue).joined(separator: ", ")).

        Example: tacit data fetch mnist --data data
        """)

    @Argument(help: "A named set.") var set: String
    @Option(help: "The folder of data sets, which is made; TACIT_DATA where none is given.") var data: String?
    @Option(help: "An address to fetch the files from by name, in place of the publisher's: a mirror.") var from:
      String?
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
      guard let named = NamedDataset(rawValue: set) else {
        let known = NamedDataset.allCases.map(\.rawValue).joined(separator: ", ")
        throw UsageError("there is no data set \"\(set)\": name one of \(known)")
      }
      let folder = try named.folder(flag: data, environment: ProcessInfo.processInfo.environment)
      let line = ProgressLine()
      let files = try await DatasetFetcher(folder: folder, base: from).fetch(named) { file, count in
        ProgressLine().show("\(file.name): \(count) of \(file.byteCount) bytes")
      }
      line.clear()
      if json { return try JSONOutput.print(files) }
      for file in files {
        print("\(file.file): \(file.byteCount) bytes, \(file.wasThere ? "as it was" : "fetched"), SHA-256 as published")
      }
    }
  }
}
