import Foundation
import Links

/// A coordinator's message with the number of the question it puts.
struct Question: Codable, Sendable {
  let number: Int
  let message: CoordinatorMessage
}

/// Headers of link messages as JSON; readers are strict.
enum MessageCoding {
  static func message(_ header: some Encodable, body: LinkBody = .none) throws -> LinkMessage {
    LinkMessage(header: [UInt8](try JSONEncoder().encode(header)), body: body)
  }

  /// - Throws: ``CoordinationError/malformedMessage(from:)``.
  static func header<Header: Decodable>(of message: LinkMessage, from peer: String) throws -> Header {
    do {
      return try JSONDecoder().decode(Header.self, from: Data(message.header))
    } catch {
      throw CoordinationError.malformedMessage(from: peer)
    }
  }
}
