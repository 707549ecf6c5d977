/// Why a file of a data set could not be fetched: what, where and what to do.
public enum FetchError: Error, Hashable, Sendable, CustomStringConvertible {
  /// No publisher has the set's files today.
  case unpublished(set: String)
  /// Nothing useful came from an address.
  case unanswered(file: String, address: String, reason: String)
  /// The connection ended early; what came is kept.
  case interrupted(file: String, received: Int, byteCount: Int)
  /// What came is not the file that was published.
  case wrongFile(file: String, address: String)
  /// It cannot be put where it belongs.
  case unwritable(path: String)

  public var description: String {
    switch self {
    case .unpublished(let set):
      "no publisher has the files of \(set) today: put them into the folder of data by hand"
        + (NamedDataset(rawValue: set)?.otherSource.map { " (\($0))" } ?? "")
    case .unanswered(let file, let address, let reason):
      "\(file) cannot be fetched from \(address): \(reason)"
    case .interrupted(let file, let received, let byteCount):
      "\(file): the connection ended after \(received) of \(byteCount) bytes; run the command again to go on from there"
    case .wrongFile(let file, let address):
      "what \(address) sent is not \(file) as it was published: its SHA-256 differs, and it was thrown away"
    case .unwritable(let path): "\(path) cannot be written: check that the folder may be written to"
    }
  }

  /// As the command line ends with it.
  public var exitCode: Int32 {
    switch self {
    case .unpublished, .unwritable: 2
    case .unanswered, .interrupted, .wrongFile: 3
    }
  }
}
