import Foundation
import Links
import NIOConcurrencyHelpers

/// Writes down what the coordinator really sees of the workers, for audits: one file of raw bytes a message, and an index; and the model
/// that it sent them, `model-ATTEMPT.bin`.
public final class RunRecorder: Sendable {
  private struct Entry: Codable {
    let file: String
    let worker: String
    let round: Int
    let attempt: Int
    let what: String
    let byteCount: Int
  }

  private let folder: String
  private let count: NIOLockedValueBox<Int>

  /// Goes on with the record that is in the folder already, if one is.
  ///
  /// - Throws: ``CoordinationError/state(path:reason:)`` where the folder cannot be made.
  public init(folder: String) throws(CoordinationError) {
    self.folder = folder
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch { throw .state(path: folder, reason: "the folder for the record cannot be made; check its path") }
    let index = try? Data(contentsOf: URL(fileURLWithPath: folder + "/index.jsonl"))
    count = NIOLockedValueBox(index?.count { $0 == UInt8(ascii: "\n") } ?? 0)
  }

  func note(_ body: LinkBody, from worker: String, round: Int, attempt: Int, what: String) throws(CoordinationError) {
    let number = count.withLockedValue { count in
      count += 1
      return count
    }
    let safe = worker.map { $0.isLetter || $0.isNumber || $0 == "-" ? String($0) : "_" }.joined()
    let file = "\(number)-\(what)-\(safe).bin"
    let entry = Entry(
      file: file, worker: worker, round: round, attempt: attempt, what: what, byteCount: body.byteCount)
    do {
      try body.data.write(to: URL(fileURLWithPath: folder + "/" + file))
      try append(try JSONEncoder().encode(entry) + Data("\n".utf8))
    } catch { throw .state(path: folder, reason: "the record cannot be written; check the disk") }
  }

  /// The model that an attempt began with.
  func note(model: [Float], attempt: Int) throws(CoordinationError) {
    do {
      try LinkBody.floats(model).data.write(to: URL(fileURLWithPath: folder + "/model-\(attempt).bin"))
    } catch { throw .state(path: folder, reason: "the record cannot be written; check the disk") }
  }

  private func append(_ line: Data) throws {
    let path = folder + "/index.jsonl"
    if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(fileURLWithPath: path)) }
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    defer { try? handle.close() }
    try handle.seekToEnd()
    try handle.write(contentsOf: line)
  }
}

extension LinkBody {
  /// Its bytes as they travel.
  var data: Data {
    switch self {
    case .none: Data()
    case .bytes(let bytes): Data(bytes)
    case .floats(let floats): floats.withUnsafeBytes { Data($0) }
    case .words32(let words): words.withUnsafeBytes { Data($0) }
    case .words64(let words): words.withUnsafeBytes { Data($0) }
    }
  }
}
