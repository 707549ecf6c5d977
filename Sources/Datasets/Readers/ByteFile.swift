import Foundation

/// Whole files as bytes.
enum ByteFile {
  static let limit = 1 << 30

  /// The bytes of a regular file of at most ``limit`` bytes; `set` is the data set that needs it.
  static func read(_ path: String, for set: String? = nil) throws(DatasetError) -> [UInt8] {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: resolved(path)) else {
      throw .missingFile(path: path, set: set)
    }
    guard attributes[.type] as? FileAttributeType == .typeRegular else {
      throw .inaccessible(path: path, reason: "is not a file; name a file")
    }
    guard let size = attributes[.size] as? NSNumber, size.intValue <= limit else {
      throw .oversizedFile(path: path, limit: limit)
    }
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      throw .inaccessible(path: path, reason: "cannot be read; check its permissions")
    }
    return [UInt8](data)
  }

  /// Writes a file, all or nothing.
  static func write(_ bytes: [UInt8], to path: String) throws(DatasetError) {
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw .inaccessible(path: path, reason: "cannot be written; check that its folder exists and may be written to")
    }
  }

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// The last part of a path.
  static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

  private static func resolved(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().path
  }
}
