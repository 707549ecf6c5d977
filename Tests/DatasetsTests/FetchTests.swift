import Datasets
import Foundation
import Testing

@Suite struct FetchTests {
  let folder: String

  init() {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-fetch-\(UUID().uuidString)").path
  }

  private static let content = (0..<100_000).map { UInt8($0 * $0 % 251) }
  /// By Python's hashlib.
  private static let file = PublishedFile(
    name: "rows.data", addresses: ["http://127.0.0.1:1/rows.data"], byteCount: 100_000,
    sha256: "d5b423763b8adf8b24fbd9edd7432034fa1388ed41de83b9d95f1aa7662d526b")

  private func fetcher(_ server: FileServer) -> DatasetFetcher {
    DatasetFetcher(folder: folder, base: "http://127.0.0.1:\(server.port)", patience: .seconds(10))
  }

  private func stored() -> [UInt8]? {
    FileManager.default.contents(atPath: folder + "/set/rows.data").map { [UInt8]($0) }
  }

  private func error(_ body: () async throws(FetchError) -> Void) async -> FetchError? {
    do {
      try await body()
      return nil
    } catch { return error }
  }

  @Test func aFileIsFetchedOnce() async throws {
    let server = try #require(FileServer(Self.content))
    let first = try await fetcher(server).fetch([Self.file], of: "set")
    #expect(first.map(\.wasThere) == [false] && stored() == Self.content)
    let second = try await fetcher(server).fetch([Self.file], of: "set")
    #expect(second.map(\.wasThere) == [true] && server.ranges == [nil])
  }

  /// A connection ends after some bytes; the next request asks for the rest alone.
  @Test func whatHasComeIsKept() async throws {
    let server = try #require(FileServer(Self.content, cutAfter: 30_000))
    let fault = await error { () async throws(FetchError) in _ = try await fetcher(server).fetch([Self.file], of: "set")
    }
    guard case .interrupted("rows.data", let received, 100_000)? = fault else {
      Issue.record("\(String(describing: fault))")
      return
    }
    #expect(received > 0 && received <= 30_000 && stored() == nil)
    _ = try await fetcher(server).fetch([Self.file], of: "set")
    #expect(stored() == Self.content && server.ranges == [nil, received])
  }

  /// A server that knows nothing of parts sends all again.
  @Test func aServerWithoutRangesDoes() async throws {
    let server = try #require(FileServer(Self.content, cutAfter: 30_000, knowsRanges: false))
    _ = await error { () async throws(FetchError) in _ = try await fetcher(server).fetch([Self.file], of: "set") }
    _ = try await fetcher(server).fetch([Self.file], of: "set")
    #expect(stored() == Self.content)
  }

  @Test func anotherFileIsThrownAway() async throws {
    for content in [Self.content.reversed(), Self.content + [0]] {
      let server = try #require(FileServer(Array(content)))
      let fault = await error { () async throws(FetchError) in
        _ = try await fetcher(server).fetch([Self.file], of: "set")
      }
      #expect(fault == .wrongFile(file: "rows.data", address: "http://127.0.0.1:\(server.port)/rows.data"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/set").isEmpty)
    }
    // Parts that are spoilt are found out by the whole, and the next run begins anew.
    let server = try #require(FileServer(Self.content))
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: folder + "/set/rows.data.part"))
    let fault = await error { () async throws(FetchError) in _ = try await fetcher(server).fetch([Self.file], of: "set")
    }
    #expect(fault == .wrongFile(file: "rows.data", address: "http://127.0.0.1:\(server.port)/rows.data"))
    _ = try await fetcher(server).fetch([Self.file], of: "set")
    #expect(stored() == Self.content)
  }

  @Test func whoDoesNotAnswerIsNamed() async throws {
    let fault = await error { () async throws(FetchError) in
      _ = try await DatasetFetcher(folder: folder).fetch([Self.file], of: "set")
    }
    guard case .unanswered("rows.data", "http://127.0.0.1:1/rows.data", _)? = fault else {
      Issue.record("\(String(describing: fault))")
      return
    }
    let none = await error { () async throws(FetchError) in _ = try await DatasetFetcher(folder: folder).fetch(.pima)
    }
    #expect(none == .unpublished(set: "pima"))
    // Who has to look for the file is told where, and how to know it.
    #expect(none?.description.contains("SHA-256") == true)
  }

  /// The published files that lie in the folder of data byte for byte have the sums that are stated for them.
  @Test(.enabled(if: DataFolder.isPresent)) func statedSumsAreThoseOfTheFiles() async throws {
    let data = DataFolder.path ?? ""
    let sets: [(NamedDataset, String)] = [
      (.creditApproval, "crx.data"), (.wdbc, "wdbc.data"), (.adult, "adult.data"), (.boston, "housing.data"),
      (.shakespeare, "tinyshakespeare.txt"),
    ]
    for (set, name) in sets {
      let file = try #require(set.publishedFiles?.first)
      var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(data)/\(set.rawValue)/\(name)")))
      // The copy in the folder lacks the publisher's last line end.
      if set == .boston, bytes.count == file.byteCount - 1 { bytes.append(UInt8(ascii: "\n")) }
      let server = try #require(FileServer(bytes))
      _ = try await fetcher(server).fetch([file], of: set.rawValue)
    }
  }

  /// What publishers write otherwise than the files in the folder of data: spaces for commas, a line before the rows, blank lines.
  @Test(.enabled(if: DataFolder.isPresent)) func publishersFormatsAreRead() throws {
    let data = DataFolder.path ?? ""
    func copy(_ from: String, _ to: String, _ change: (String) -> String) throws {
      let text = try String(contentsOfFile: data + "/" + from, encoding: .utf8)
      try FileManager.default.createDirectory(
        at: URL(fileURLWithPath: folder + "/" + to).deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(change(text).utf8).write(to: URL(fileURLWithPath: folder + "/" + to))
    }
    try copy("german-credit/german.csv", "german-credit/german.data") { $0.replacing(",", with: " ") }
    try copy("adult/adult.data", "adult/adult.data") { $0 }
    try copy("adult/adult.test", "adult/adult.test") { "|1x3 Cross validator\n" + $0 }
    try copy("boston/housing.data", "boston/housing.data") { $0 + "\n" }
    try copy("iris/iris.csv", "iris/iris.csv") { $0 + "\n\n" }
    for set in [NamedDataset.germanCredit, .adult, .iris, .boston] {
      guard case .tabular(let ours) = try set.load(from: data), case .tabular(let theirs) = try set.load(from: folder)
      else {
        Issue.record("\(set) is no table")
        continue
      }
      #expect(ours.table.columns == theirs.table.columns && ours.testTable?.columns == theirs.testTable?.columns)
    }
  }
}
