import Foundation
import Tacit

/// The flags `--storage` and `--storage-key`.
enum StorageFolder {
  /// The folder, made if it is not there, and the key that seals what is in it.
  static func open(
    _ folder: String?, key: String?, flag: String = "--storage"
  ) throws -> (folder: String, key: StorageKey)? {
    guard let folder else {
      if key != nil { throw UsageError("--storage-key goes with \(flag): name the folder too") }
      return nil
    }
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch { throw UsageError("the folder \(folder) cannot be made: check its path") }
    return (folder, try StorageKey.open(key ?? folder + "/storage.key"))
  }
}
