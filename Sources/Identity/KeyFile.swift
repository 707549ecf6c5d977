import Foundation

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Reading and writing the small files of an identity, with the modes that private keys need.
package enum KeyFile {
  private static let largest = 1 << 20

  /// Creates a file that only its owner can read; never replaces one.
  static func write(_ text: String, to path: String, isPrivate: Bool) throws(IdentityError) {
    // The mode is given at creation, so that there is no moment at which others could open the file.
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isPrivate ? 0o600 : 0o644)
    guard descriptor >= 0 else {
      throw errno == EEXIST ? .exists(path: path) : .file(path: path, reason: reason(errno))
    }
    defer { close(descriptor) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw .file(path: path, reason: reason(errno)) }
      rest = rest.dropFirst(count)
    }
  }

  package static func read(_ path: String) throws(IdentityError) -> String {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw .file(
        path: path, reason: FileManager.default.fileExists(atPath: path) ? "it cannot be read" : "it is not there")
    }
    guard data.count <= largest else { throw .malformed(path: path, reason: "it is far too long") }
    guard let text = String(data: data, encoding: .utf8) else { throw .malformed(path: path, reason: "it is no text") }
    return text
  }

  /// Reads a private key after checking that nobody else can.
  package static func readPrivate(_ path: String) throws(IdentityError) -> String {
    let attributes = try? FileManager.default.attributesOfItem(atPath: resolvingLinks(path))
    guard let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue else {
      throw .file(path: path, reason: "it is not there")
    }
    guard mode & 0o077 == 0 else { throw .looseMode(path: path, mode: mode) }
    return try read(path)
  }

  static func makeFolder(_ path: String) throws(IdentityError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw .file(path: path, reason: "the folder cannot be made")
    }
  }

  /// The mode that counts is that of the file, not of a link to it.
  private static func resolvingLinks(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().path
  }

  private static func reason(_ number: Int32) -> String {
    strerror(number).map { String(cString: $0).lowercased() } ?? "error \(number)"
  }
}
