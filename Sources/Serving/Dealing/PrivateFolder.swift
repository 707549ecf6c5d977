import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Folders that only their owner may look into.
enum PrivateFolder {
  static func make(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch { throw ServingError.storage(path, reason: "the folder cannot be made") }
  }
}

/// Small files that must be on the disk, not on their way to it.
enum DurableFile {
  /// Puts the bytes at the beginning of a file, in place: few enough of them for a disk to write all or none.
  static func write(_ bytes: [UInt8], to path: String) throws {
    let isNew = !FileManager.default.fileExists(atPath: path)
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { if file >= 0 { close(file) } }
    guard file >= 0, pwrite(file, bytes, bytes.count, 0) == bytes.count, fsync(file) == 0 else {
      throw ServingError.storage(path, reason: "it cannot be written")
    }
    if isNew { try synchronize(folder: (path as NSString).deletingLastPathComponent) }
  }

  static func synchronize(folder path: String) throws {
    let folder = open(path, O_RDONLY | O_CLOEXEC)
    defer { if folder >= 0 { close(folder) } }
    guard folder >= 0, fsync(folder) == 0 else {
      throw ServingError.storage(path, reason: "the folder cannot be written")
    }
  }
}
