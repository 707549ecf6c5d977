import Arithmetic
import Crypto
import Foundation

/// Weights of model versions as raw little-endian floats, in files or in the state, named by the SHA-256 of what is in them.
struct ModelFiles: Sendable {
  let folder: String

  /// The name of a version, which ends with the beginning of its hash.
  static func name(of weights: [Float], job: String, round: Int) -> String {
    let digest = weights.withUnsafeBytes { bytes in
      var hash = SHA256()
      hash.update(bufferPointer: bytes)
      return hash.finalize()
    }
    return "\(job)-\(round)-\(Hexadecimal.text(Array(digest).prefix(8)))"
  }

  /// Writes a version and waits until it is on disk.
  func save(_ weights: [Float], as name: String) throws(CoordinationError) {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try write(weights, to: folder + "/" + name)
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
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .state(path: path, reason: "the model is not there; go back to a copy of the state")
    }
    return try Self.weights(data, named: name, at: path)
  }

  /// The weights of a version, four bytes each, as they were read from a place.
  ///
  /// - Throws: ``CoordinationError/state(path:reason:)`` where they are not what the version's name says.
  static func weights(_ data: Data, named name: String, at path: String) throws(CoordinationError) -> [Float] {
    guard data.count % 4 == 0, name.hasSuffix(Hexadecimal.text(Array(SHA256.hash(data: data)).prefix(8))) else {
      throw .state(path: path, reason: "a model in it is not what was written; go back to a copy of the state")
    }
    let count = data.count / 4
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      _ = data.copyBytes(to: UnsafeMutableRawBufferPointer(buffer))
      initialized = count
    }
  }

  func remove(_ name: String) { try? FileManager.default.removeItem(atPath: folder + "/" + name) }
}
