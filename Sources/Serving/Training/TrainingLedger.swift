import Arithmetic
import Crypto
import Foundation
import Learning

/// How many rows each owner has, in the order of the owners.
struct RowCounts: Codable, Hashable, Sendable {
  var training: [Int]
  var test: [Int]
}

/// What the job's owner keeps of a training that runs, so that it can go on: `training.json`. It holds no secrets.
struct TrainingLedger: Sendable {
  let folder: String

  /// A training that runs, or stopped.
  struct Entry: Codable, Sendable {
    var id: String
    /// Of program, rows and code; the training goes on with the same alone.
    var digest: String
    var counts: RowCounts
  }

  private var path: String { folder + "/training.json" }
  /// Where parties on this machine keep their checkpoints.
  var checkpoints: String { folder + "/checkpoints" }

  /// Notes a fresh training, in the place of an earlier one.
  func begin(_ digest: String, _ counts: RowCounts) throws -> Entry {
    let entry = Entry(id: Hexadecimal.text(SecureRandom.bytes(16)), digest: digest, counts: counts)
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try JSONEncoder().encode(entry).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch { throw ServingError.storage(path, reason: "it cannot be written") }
    return entry
  }

  /// The training that stopped.
  func stopped() throws -> Entry {
    guard let data = FileManager.default.contents(atPath: path),
      let entry = try? JSONDecoder().decode(Entry.self, from: data)
    else { throw ServingError.badRequest("\(folder) holds no training that stopped: start it without --resume") }
    return entry
  }

  /// Forgets the training and what parties on this machine kept of it.
  func finish() {
    try? FileManager.default.removeItem(atPath: path)
    try? FileManager.default.removeItem(atPath: checkpoints)
  }
}

extension Job {
  /// What the parties call the rows of this job where their owners share them by themselves: the same for all who have the
  /// same job, wherever its results go.
  var dataset: String {
    get throws {
      var job = self
      job.output = nil
      job.cluster = nil
      job.coordinator = nil
      job.encrypted?.reveal = []
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      let revealed = EncryptedPart.Revealed.allCases.filter { encrypted?.reveal.contains($0) == true }
      let text = try encoder.encode(job) + Data(revealed.map(\.rawValue).joined(separator: "|").utf8)
      return Hexadecimal.text(SHA256.hash(data: text).prefix(16))
    }
  }
}
