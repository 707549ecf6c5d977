import Foundation
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A record in a file of 16 bytes an attempt, held by one process at a time and on the disk before an answer leaves.
public final class FileUnmaskingRecord: UnmaskingRecord {
  private let descriptor: Int32
  private let answered: Mutex<Set<AttemptID>>

  /// Opens the record, or begins one that only its owner can read.
  public init(path: String) throws(SecureAggregationError) {
    let isNew = !FileManager.default.fileExists(atPath: path)
    descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    answered = Mutex([])
    guard descriptor >= 0 else { throw .record(reason: "\(path) cannot be opened (\(Self.reason()))") }
    // Two processes with one record would not see each other's answers.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw .record(reason: "\(path) is in use by another process")
    }
    if isNew { try Self.keep(folderOf: path) }
    let attempts = try load(path)
    answered.withLock { $0 = attempts }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  public func note(_ attempt: AttemptID) throws(SecureAggregationError) {
    let failure: SecureAggregationError? = answered.withLock { answered in
      guard !answered.contains(attempt) else { return .alreadyAnswered(attempt) }
      let written = attempt.bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      // Noted even if the disk failed: then nothing was answered, and nothing will be.
      answered.insert(attempt)
      guard written == AttemptID.byteCount, fsync(descriptor) == 0 else {
        return .record(reason: "writing failed (\(Self.reason()))")
      }
      return nil
    }
    if let failure { throw failure }
  }

  private func load(_ path: String) throws(SecureAggregationError) -> Set<AttemptID> {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .record(reason: "\(path) cannot be read")
    }
    let whole = data.count / AttemptID.byteCount
    // A loss of power in the midst of a line: its answer was never given.
    if data.count % AttemptID.byteCount != 0, ftruncate(descriptor, off_t(whole * AttemptID.byteCount)) != 0 {
      throw .record(reason: "\(path) cannot be repaired (\(Self.reason()))")
    }
    let attempts = (0..<whole).compactMap { line in
      AttemptID(bytes: Array(data.dropFirst(line * AttemptID.byteCount).prefix(AttemptID.byteCount)))
    }
    return Set(attempts)
  }

  /// A new file is on the disk only when its folder is, too.
  private static func keep(folderOf path: String) throws(SecureAggregationError) {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .record(reason: "\(folder) cannot be opened (\(reason()))") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .record(reason: "\(folder) cannot be written (\(reason()))") }
  }

  private static func reason() -> String {
    strerror(errno).map { String(cString: $0).lowercased() } ?? "error \(errno)"
  }
}
