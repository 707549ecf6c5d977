import Foundation
import Identity
import Transports

/// A party's shares of models on disk, sealed: they serve it after a restart too.
///
/// A file is bound to the party, to the model's name and to its version and program; which version is the right one, the
/// party's database says. So a file that was changed, cut off, swapped for another's or put back from an earlier time does
/// not open.
struct ModelStore: Sendable {
  private let folder: String
  private let key: StorageKey
  private let party: PartyID

  init(folder: String, key: StorageKey, party: PartyID) throws {
    try PrivateFolder.make(folder)
    self.folder = folder
    self.key = key
    self.party = party
  }

  func save(_ offer: ModelOffer, key modelKey: String, parcel: ArraySlice<UInt8>) throws {
    let frame = ServingFrame(offer, body: Array(parcel))
    try SealedFile.write(Data(try frame.message), label: label(modelKey), key: key, to: path(offer.name))
  }

  func remove(_ name: String) { try? FileManager.default.removeItem(atPath: path(name)) }

  /// The model of that name and version.
  ///
  /// - Throws: ``ServingError/storage(_:reason:)`` naming the file.
  func load(_ name: String, key modelKey: String) throws -> (offer: ModelOffer, parcel: ArraySlice<UInt8>) {
    let data: Data
    do { data = try SealedFile.read(label: label(modelKey), key: key, from: path(name)) } catch {
      let isThere = FileManager.default.fileExists(atPath: path(name))
      throw ServingError.storage(
        path(name),
        reason: isThere
          ? "it was changed, cut off or put back from an earlier time, or is of another party, model or storage key"
          : "it is not there")
    }
    guard let frame = try? ServingFrame<ModelOffer>(Message(data)), frame.control.name == name,
      (try? frame.control.key) == modelKey
    else { throw ServingError.storage(path(name), reason: "it is of another version of this program") }
    return (frame.control, frame.body)
  }

  /// Names of models with a file.
  var names: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".sealed") }.map { String($0.dropLast(7)) }.sorted()
  }

  private func path(_ name: String) -> String { folder + "/" + name + ".sealed" }
  private func label(_ modelKey: String) -> String { "tacit/model/2|party \(party)|\(modelKey)" }
}
