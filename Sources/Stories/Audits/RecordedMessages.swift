import Coordination
import Foundation
import SecureAggregation

/// The messages with updates that a coordinator wrote down (`--record`), in the order in which they came.
struct RecordedMessages {
  struct Message {
    enum Kind: String {
      /// Numbers in single precision.
      case open
      /// Words under masks, behind a head.
      case masked
    }

    let kind: Kind
    let worker: String
    let round: Int
    let attempt: Int
    /// Without the head.
    let body: [UInt8]
  }

  let messages: [Message]
  private let folder: String

  /// What a masked input begins with: format, kind and attempt.
  private static let headByteCount = 18

  private struct Entry: Decodable {
    let file: String
    let worker: String
    let round: Int
    let attempt: Int
    let what: String
  }

  /// - Throws: ``CoordinationError/state(path:reason:)`` where the folder is no record, or has neither updates nor masked inputs.
  init(folder: String) throws {
    func fault(_ reason: String) -> CoordinationError { .state(path: folder, reason: reason) }
    guard let index = FileManager.default.contents(atPath: folder + "/index.jsonl") else {
      throw fault("it has no index.jsonl; name a folder that tacit coordinator --record or tacit train --record wrote")
    }
    var messages: [Message] = []
    for line in index.split(separator: UInt8(ascii: "\n")) {
      guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(line)), !entry.file.contains("/") else {
        throw fault("its index.jsonl has a line that is none of a record")
      }
      guard entry.what == "update" || entry.what.hasPrefix("stage") else { continue }
      guard let data = FileManager.default.contents(atPath: folder + "/" + entry.file) else {
        throw fault("it lacks \(entry.file), which its index names")
      }
      let bytes = [UInt8](data)
      if entry.what == "update" {
        messages.append(
          Message(
            kind: .open, worker: entry.worker, round: entry.round, attempt: entry.attempt, body: bytes))
      } else if bytes.count > Self.headByteCount, bytes[1] == MessageKind.maskedInput.rawValue, entry.round > 0 {
        messages.append(
          Message(
            kind: .masked, worker: entry.worker, round: entry.round, attempt: entry.attempt,
            body: Array(bytes.dropFirst(Self.headByteCount))))
      }
    }
    guard !messages.isEmpty else {
      throw fault("it has no updates, in the open or masked; record a job with aggregation: open or masked")
    }
    self.messages = messages
    self.folder = folder
  }

  /// The weights that a round's attempt began with.
  ///
  /// - Throws: ``CoordinationError/state(path:reason:)`` where the record has none of them, or others.
  func model(of message: Message, count: Int) throws -> [Float] {
    let data = FileManager.default.contents(atPath: folder + "/model-\(message.attempt).bin")
    guard let data, data.count == 4 * count else {
      throw CoordinationError.state(
        path: folder,
        reason:
          "it lacks the model that round \(message.round) began with; record again, a job of rounds without privacy")
    }
    return data.floats(count).map { Float($0) }
  }
}
