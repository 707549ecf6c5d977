import Arithmetic
import Crypto
import Foundation
import Identity
import Transports

/// A party's shares of models on disk, sealed: what the dealer made for a model serves it after a restart too.
struct ModelStore: Sendable {
  private let folder: String
  private let key: StorageKey
  private let party: PartyID

  private struct Header: Codable, Sendable {
    var name: String
    var description: SharedModel.Description
  }

  init(folder: String, key: StorageKey, party: PartyID) throws {
    try PrivateFolder.make(folder)
    self.folder = folder
    self.key = key
    self.party = party
  }

  func save(_ name: String, _ description: SharedModel.Description, parcel: ArraySlice<UInt8>) throws {
    let frame = ServingFrame(Header(name: name, description: description), body: Array(parcel))
    try SealedFile.write(Data(try frame.message), label: label(file(name)), key: key, to: path(file(name)))
  }

  func remove(_ name: String) { try? FileManager.default.removeItem(atPath: path(file(name))) }

  /// All models that are there.
  func load(scheme: ClusterScheme) throws -> [SharedModel] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return try names.filter { $0.hasSuffix(".sealed") }.map { name in
      let file = String(name.dropLast(7))
      let data = try SealedFile.read(label: label(file), key: key, from: path(file))
      let frame = try ServingFrame<Header>(Message(data))
      return try SharedModel(
        frame.control.description, named: frame.control.name, parcel: frame.body, scheme: scheme, party: party)
    }
  }

  /// Names are the clients' and may be anything.
  private func file(_ name: String) -> String {
    Hexadecimal.text(SHA256.hash(data: Data(name.utf8)))
  }

  private func path(_ file: String) -> String { folder + "/" + file + ".sealed" }
  private func label(_ file: String) -> String { "tacit/model/1|party \(party)|\(file)" }
}
