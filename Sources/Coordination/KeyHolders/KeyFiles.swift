import Foundation
public import Paillier

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A threshold key as files: one that everybody may read, and a share for each key-holder, which only its owner may
/// read.
public enum KeyFiles {
  /// The file of the public part in the folder that ``save(_:_:to:)`` fills.
  public static let keyName = "paillier.key"

  /// The file of a holder's share in it.
  public static func shareName(_ holder: Int) -> String { "holder-\(holder).share" }

  /// Writes `paillier.key` and `holder-1.share` … into a folder; an existing file is never replaced.
  ///
  /// - Throws: ``CoordinationError/keyFile(path:reason:)``.
  public static func save(_ key: ThresholdKey, _ shares: [KeyShare], to folder: String) throws(CoordinationError) {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch { throw .keyFile(path: folder, reason: "the folder cannot be made; check its path") }
    try write(key.encoded, to: folder + "/" + keyName, mode: 0o644)
    for share in shares { try write(share.encoded, to: folder + "/" + shareName(share.holder), mode: 0o600) }
  }

  /// - Throws: ``CoordinationError/keyFile(path:reason:)``.
  public static func key(at path: String) throws(CoordinationError) -> ThresholdKey {
    let bytes = try read(path)
    do { return try ThresholdKey(encoded: bytes) } catch { throw .keyFile(path: path, reason: "\(error)") }
  }

  /// - Throws: ``CoordinationError/keyFile(path:reason:)``, also where others than its owner could read the file.
  public static func share(at path: String) throws(CoordinationError) -> KeyShare {
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
    if let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue, mode & 0o077 != 0 {
      throw .keyFile(path: path, reason: "others than its owner can read it; call chmod 600 on it")
    }
    let bytes = try read(path)
    do { return try KeyShare(encoded: bytes) } catch { throw .keyFile(path: path, reason: "\(error)") }
  }

  private static func read(_ path: String) throws(CoordinationError) -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .keyFile(path: path, reason: "it cannot be read; name a file that tacit dealer paillier made")
    }
    return [UInt8](data)
  }

  private static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(CoordinationError) {
    // The mode is given at creation, so that there is no moment at which others could open the file.
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else {
      throw .keyFile(
        path: path, reason: errno == EEXIST ? "it is there already; take another folder" : "it cannot be written")
    }
    defer { close(descriptor) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw .keyFile(path: path, reason: "it cannot be written; check the disk") }
      rest = rest.dropFirst(count)
    }
  }
}
