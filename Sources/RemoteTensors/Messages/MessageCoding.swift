import Foundation
import Links

/// Headers of link messages as JSON, at most ``largest`` bytes; readers are strict.
package enum MessageCoding {
  /// A program of several thousand operations.
  static let largest = LinkMessage.largestHeader

  /// `nil` where there is no JSON for it: a constant that is no number, say.
  static func message(_ header: some Encodable, body: LinkBody = .none) -> LinkMessage? {
    guard let data = try? JSONEncoder().encode(header), data.count <= largest else { return nil }
    return LinkMessage(header: [UInt8](data), body: body)
  }

  /// `nil` where the header is none of this type, or names a graph that cannot be built.
  static func header<Header: Decodable>(_: Header.Type, of message: LinkMessage) -> Header? {
    guard message.header.count <= largest else { return nil }
    return try? JSONDecoder().decode(Header.self, from: Data(message.header))
  }

  /// Whether bytes are the header of a request or of a reply.
  package static func isHeader(_ bytes: [UInt8]) -> Bool {
    let message = LinkMessage(header: bytes)
    return header(Request.self, of: message) != nil || header(Reply.self, of: message) != nil
  }
}
