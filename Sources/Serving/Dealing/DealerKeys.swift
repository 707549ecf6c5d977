import Arithmetic
import Foundation
import Identity
import Sharing

/// The dealer's keys at rest: what was dealt before stays valid when the dealer starts again.
enum DealerKeys {
  private struct Content: Codable {
    var epoch: [UInt8]
    var masters: [[UInt8]]
  }

  private static let label = "tacit/dealer/1|keys"

  /// The dealer whose keys a folder holds; a new one for a folder that holds none.
  static func open(in folder: String, key: StorageKey, partyCount: Int, form: DealtForm) throws -> DealerDesk {
    let path = folder + "/dealer-keys.sealed"
    if FileManager.default.fileExists(atPath: path) {
      let data = try SealedFile.read(label: label, key: key, from: path)
      guard let content = try? JSONDecoder().decode(Content.self, from: data), content.masters.count == partyCount,
        content.masters.allSatisfy({ $0.count == PseudorandomGenerator.keyByteCount })
      else {
        throw ServingError.storage(path, reason: "it holds the keys of another cluster: name another folder")
      }
      return DealerDesk(Dealer(masters: content.masters, form: form), epoch: content.epoch)
    }
    let desk = DealerDesk(Dealer(partyCount: partyCount, form: form))
    let content = Content(epoch: desk.epoch, masters: (0..<partyCount).map { desk.dealer.key(ofParty: $0) })
    try SealedFile.write(try JSONEncoder().encode(content), label: label, key: key, to: path)
    return desk
  }
}
