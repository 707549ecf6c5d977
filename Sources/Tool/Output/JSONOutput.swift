import Foundation

/// JSON on standard output, keys in a fixed order.
enum JSONOutput {
  static func text(_ value: some Encodable, pretty: Bool = true) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting =
      pretty
      ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func print(_ value: some Encodable, pretty: Bool = true) throws {
    Swift.print(try text(value, pretty: pretty))
  }
}
