import Arithmetic
import Crypto
import Foundation
import NIOConcurrencyHelpers
import Sharing

/// Which runs of dealt programs a party has begun: none may begin twice, as it would use its masks twice.
///
/// A run is written down before it begins, and is on the disk then, so that a party that stops and starts again remembers
/// it, even if its machine lost power.
package final class UsedSteps: Sendable {
  private let folder: String?
  private let next = NIOLockedValueBox<[String: UInt32]>([:])

  /// - Parameter folder: where it is written down; without one, it is remembered as long as the process lives.
  package init(folder: String?) throws {
    self.folder = folder
    if let folder { try PrivateFolder.make(folder) }
  }

  /// The first run that may begin.
  package func first(of program: String) throws -> UInt32 {
    if let known = next.withLockedValue({ $0[program] }) { return known }
    let found = try read(program)
    next.withLockedValue { $0[program] = found }
    return found
  }

  /// Begins a run.
  ///
  /// - Throws: `SharingError.stepUsed` for one that was begun before, or that a later one has overtaken.
  package func use(_ step: UInt32, of program: String) throws {
    guard step >= (try first(of: program)), step < .max else {
      throw SharingError.stepUsed(program: program, step: step)
    }
    try write(step + 1, program)
    next.withLockedValue { $0[program] = step + 1 }
  }

  /// Takes a name for good: masks that are kept for a model's weights belong to its name.
  ///
  /// - Throws: ``ServingError/badRequest(_:)`` where it was taken before.
  package func takeName(_ name: String) throws {
    let key = "name " + Hexadecimal.text(SHA256.hash(data: Data(name.utf8)))
    guard try first(of: key) == 0 else {
      throw ServingError.badRequest("a model of this name was shared here before: share it under another")
    }
    try use(0, of: key)
  }

  private func path(_ program: String) -> String? {
    folder.map { $0 + "/" + program.replacingOccurrences(of: " ", with: "-") }
  }

  private func read(_ program: String) throws -> UInt32 {
    guard let path = path(program), FileManager.default.fileExists(atPath: path) else { return 0 }
    // A file that was made and never filled is of a run that did not begin.
    guard let data = FileManager.default.contents(atPath: path), data.count == 4 || data.isEmpty else {
      throw ServingError.storage(path, reason: "it does not say which runs were begun: remove the stock's folder")
    }
    return data.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  private func write(_ step: UInt32, _ program: String) throws {
    guard let path = path(program) else { return }
    try DurableFile.write(withUnsafeBytes(of: step.littleEndian) { Array($0) }, to: path)
  }
}
