import Arithmetic
import Crypto
import Foundation

/// Weights of model versions as files of raw little-endian floats, named by the SHA-256 of what is in them.
struct ModelFiles: Sendable {
  let folder: String

  /// Writes a version and waits until it is on disk; gives its name.
  func save(_ weights: [Float], job: String, round: Int) throws(CoordinationError) -> String {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      let digest = weights.withUnsafeBytes { bytes in
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        return hash.finalize()
      }
      let name = "\(job)-\(round)-\(Hexadecimal.text(Array(digest).prefix(8)))"
      try write(weights, to: folder + "/" + name)
      return name
    } catch {
      throw .state(path: folder, reason: "a model cannot be written to it; check the disk")
    }
  }

  private func write(_ weights: [Float], to path: String) throws {
    let partial = path + ".partial"
    let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0 else { throw POSIXError(.EIO) }
    defer { close(descriptor) }
    try weights.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        let written = Foundation.write(
          descriptor, bytes.baseAddress?.advanced(by: offset), min(bytes.count - offset, 1 << 24))
        guard written > 0 else { throw POSIXError(.EIO) }
        offset += written
      }
    }
    guard fsync(descriptor) == 0, rename(partial, path) == 0 else { throw POSIXError(.EIO) }
  }

  /// - Throws: ``CoordinationError/state(path:reason:)`` where the file is gone or not what its name says.
  func load(_ name: String) throws(CoordinationError) -> [Float] {
    let path = folder + "/" + name
    guard let data = FileManager.default.contents(atPath: path), data.count % 4 == 0 else {
      throw .state(path: path, reason: "the model is not there or not whole; go back to a copy of the state")
    }
    guard name.hasSuffix(Hexadecimal.text(Array(SHA256.hash(data: data)).prefix(8))) else {
      throw .state(path: path, reason: "its contents are not what was written; go back to a copy of the state")
    }
    let count = data.count / 4
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      _ = data.copyBytes(to: UnsafeMutableRawBufferPointer(buffer))
      initialized = count
    }
  }

  func remove(_ name: String) { try? FileManager.default.removeItem(atPath: folder + "/" + name) }
}
