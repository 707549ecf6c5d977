import Arithmetic
import Crypto
import Datasets
import Foundation
import Tensors

/// What an owner shares of a model in the open: to the parties the program, to clients its description.
struct ModelOffer: Codable, Sendable {
  /// What clients call it.
  var name: String
  /// Tells this sharing from every other of the name; random.
  var version: String
  var description: SharedModel.Description
  var terms: ModelTerms
  /// How clients prepare their rows, where the owner publishes it.
  var preprocessing: Preprocessing?

  /// - Throws: ``ServingError/badRequest(_:)`` for what no client of ours sends.
  func validate() throws {
    try Self.check(name: name)
    guard version.utf8.count == 32, version.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else {
      throw ServingError.badRequest("a model's version is 32 hexadecimal digits")
    }
    try description.validate()
    try terms.validate()
    if let preprocessing, preprocessing.featureCount != description.exampleShape.count {
      throw ServingError.badRequest("the preprocessing makes another number of features than the model takes")
    }
  }

  /// - Throws: ``ServingError/badRequest(_:)``.
  static func check(name: String) throws {
    guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(isNameCharacter) else {
      throw ServingError.badRequest(
        "a model's name is 1 to 64 of a-z, 0-9, hyphen, underscore and dot, not \"\(name.prefix(64))\"")
    }
  }

  private static func isNameCharacter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || "-_.".utf8.contains(byte)
  }

  /// Names this sharing, its program and its terms: parties that hold the same key hold the same.
  var key: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      let digest = Hexadecimal.text(SHA256.hash(data: try encoder.encode(self)))
      return "\(name)@\(version)#\(digest)"
    }
  }
}
