import Coordination
import Foundation

/// What a coordinator wrote down of the workers' messages (`--record`).
struct CoordinatorRecord {
  private struct Entry: Decodable {
    let file: String
    let worker: String
    let byteCount: Int
  }

  let folder: String

  /// The bytes of the longest message of a worker: its update, whatever the aggregation makes of it.
  func longestMessage(of worker: String) throws -> Data {
    let index = try String(contentsOfFile: folder + "/index.jsonl", encoding: .utf8)
    let entries = try index.split(separator: "\n").map { try JSONDecoder().decode(Entry.self, from: Data($0.utf8)) }
    guard let entry = entries.filter({ $0.worker == worker }).max(by: { $0.byteCount < $1.byteCount }) else {
      throw CoordinationError.state(path: folder, reason: "there is no message of \(worker) in it")
    }
    return try Data(contentsOf: URL(fileURLWithPath: folder + "/" + entry.file))
  }
}

extension Data {
  /// Its leading numbers as an update in the open has them, in single precision.
  func floats(_ count: Int) -> [Double] {
    withUnsafeBytes { bytes in
      (0..<Swift.min(count, bytes.count / 4)).map {
        Double(bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self))
      }
    }
  }

  /// Its leading numbers as a masked update has them: behind a head, so many bits each, of either sign.
  func words(_ count: Int, bits: Int, after head: Int) -> [Double] {
    let bytes = [UInt8](self)
    return (0..<count).map { index in
      var word: UInt64 = 0
      for bit in 0..<bits {
        let place = 8 * head + index * bits + bit
        guard place / 8 < bytes.count else { break }
        word |= UInt64(bytes[place / 8] >> UInt8(place % 8) & 1) << UInt64(bit)
      }
      let half = Double(UInt64(1) << UInt64(bits - 1))
      return Double(word) >= half ? Double(word) - 2 * half : Double(word)
    }
  }
}
