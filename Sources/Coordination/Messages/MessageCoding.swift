import Foundation
import Links

/// A coordinator's message with the number of the question it puts.
struct Question: Codable, Sendable {
  let number: Int
  let message: CoordinatorMessage
}

/// Headers of link messages as JSON; readers are strict.
package enum MessageCoding {
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

  /// Whether bytes are the header of any message between a coordinator, its workers and a job's owner.
  package static func isHeader(_ bytes: [UInt8]) -> Bool {
    let message = LinkMessage(header: bytes)
    func reads<Header: Codable>(_: Header.Type) -> Bool {
      guard let header: Header = try? header(of: message, from: "anybody") else { return false }
      return (try? JSONEncoder().encode(header)) != nil
    }
    return reads(Question.self) || reads(WorkerMessage.self) || reads(SubmitterMessage.self)
      || reads(SubmitterReply.self) || reads(VectorHeader.self)
  }
}
