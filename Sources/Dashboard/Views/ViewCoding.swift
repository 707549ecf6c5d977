import Foundation

/// Views as JSON. A number that is not finite, as the loss of a model that diverged, becomes a word that the page knows.
enum ViewCoding {
  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "infinite", negativeInfinity: "-infinite", nan: "not a number")
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
