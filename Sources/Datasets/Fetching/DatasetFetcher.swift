import Arithmetic
import Crypto
import Foundation

/// Fetches the files of named sets from their publishers, checks them by SHA-256, and goes on where a connection ended.
///
/// What has come lies beside the file's place as `NAME.part`, and takes its name only when it is whole and right.
public struct DatasetFetcher: Sendable {
  /// The folder of data sets.
  public var folder: String
  /// Asked for `BASE/NAME` in place of the publishers, where there is one: a mirror.
  public var base: String?
  /// How long a server may say nothing.
  public var patience: Duration

  public init(folder: String, base: String? = nil, patience: Duration = .seconds(30)) {
    self.folder = folder
    self.base = base
    self.patience = patience
  }

  public struct Fetched: Hashable, Sendable, Codable {
    public var file: String
    public var byteCount: Int
    /// Whether it was there before.
    public var wasThere: Bool
  }

  /// - Parameter progress: told the file and how many of its bytes have come.
  /// - Throws: ``FetchError``.
  public func fetch(
    _ set: NamedDataset, progress: @escaping @Sendable (PublishedFile, Int) -> Void = { _, _ in }
  ) async throws(FetchError) -> [Fetched] {
    guard let files = set.publishedFiles else { throw .unpublished(set: set.rawValue) }
    return try await fetch(files, of: set.rawValue, progress: progress)
  }

  /// Files of a set of that name.
  package func fetch(
    _ files: [PublishedFile], of set: String,
    progress: @escaping @Sendable (PublishedFile, Int) -> Void = { _, _ in }
  ) async throws(FetchError) -> [Fetched] {
    let place = folder + "/" + set
    do {
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    } catch { throw .unwritable(path: place) }
    var fetched: [Fetched] = []
    for file in files {
      let path = place + "/" + file.name
      let wasThere = Self.sha256(of: path) == file.sha256
      if !wasThere { try await fetch(file, to: path, progress) }
      fetched.append(Fetched(file: path, byteCount: file.byteCount, wasThere: wasThere))
    }
    return fetched
  }

  /// From the first address that has it.
  private func fetch(
    _ file: PublishedFile, to path: String, _ progress: @escaping @Sendable (PublishedFile, Int) -> Void
  ) async throws(FetchError) {
    let addresses = base.map { [($0.hasSuffix("/") ? $0 : $0 + "/") + file.name] } ?? file.addresses
    var fault: FetchError?
    for address in addresses {
      do {
        try await fetch(file, from: address, to: path, progress)
        return
      } catch { fault = error }
    }
    throw fault ?? .unanswered(file: file.name, address: "nowhere", reason: "no address is known")
  }

  private func fetch(
    _ file: PublishedFile, from address: String, to path: String,
    _ progress: @escaping @Sendable (PublishedFile, Int) -> Void
  ) async throws(FetchError) {
    let part = path + ".part"
    guard let url = URL(string: address), ["http", "https"].contains(url.scheme) else {
      throw .unanswered(file: file.name, address: address, reason: "it is no address of the web")
    }
    let received = try await Download(file: file, url: url, path: part, patience: patience) { progress(file, $0) }
      .run()
    guard received == file.byteCount else {
      throw .interrupted(file: file.name, received: received, byteCount: file.byteCount)
    }
    guard Self.sha256(of: part) == file.sha256 else {
      try? FileManager.default.removeItem(atPath: part)
      throw .wrongFile(file: file.name, address: address)
    }
    do {
      try? FileManager.default.removeItem(atPath: path)
      try FileManager.default.moveItem(atPath: part, toPath: path)
    } catch { throw .unwritable(path: path) }
  }

  private static func sha256(of path: String) -> String? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    return Hexadecimal.text(SHA256.hash(data: data))
  }
}
