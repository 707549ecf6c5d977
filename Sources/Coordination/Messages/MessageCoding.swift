import Foundation
import Links

/// A coordinator's message with the number of the question it puts.
struct Question: Codable, Sendable {
  let number: Int
  let message: CoordinatorMessage
}

/// Headers of link messages as JSON, or in a ``ShortForm`` what every round says; readers are strict.
package enum MessageCoding {
  static func message(_ header: some Encodable, body: LinkBody = .none) throws -> LinkMessage {
    LinkMessage(header: [UInt8](try JSONEncoder().encode(header)), body: body)
  }

  static func message(_ question: Question, body: LinkBody = .none) throws -> LinkMessage {
    if let header = question.shortForm { return LinkMessage(header: header, body: body) }
    return LinkMessage(header: [UInt8](try JSONEncoder().encode(question)), body: body)
  }

  static func message(_ answer: WorkerMessage, body: LinkBody = .none) throws -> LinkMessage {
    if let header = answer.shortForm { return LinkMessage(header: header, body: body) }
    return LinkMessage(header: [UInt8](try JSONEncoder().encode(answer)), body: body)
  }

  /// - Throws: ``CoordinationError/malformedMessage(from:)``.
  static func header<Header: Decodable>(of message: LinkMessage, from peer: String) throws -> Header {
    do {
      return try JSONDecoder().decode(Header.self, from: Data(message.header))
    } catch {
      throw CoordinationError.malformedMessage(from: peer)
    }
  }

  /// What a coordinator asks.
  ///
  /// - Throws: ``CoordinationError/malformedMessage(from:)``.
  static func question(of message: LinkMessage, from peer: String) throws -> Question {
    if let question = Question(shortForm: message.header) { return question }
    return try header(of: message, from: peer)
  }

  /// What a worker answers.
  ///
  /// - Throws: ``CoordinationError/malformedMessage(from:)``.
  static func answer(of message: LinkMessage, from peer: String) throws -> WorkerMessage {
    if let answer = WorkerMessage(shortForm: message.header) { return answer }
    return try header(of: message, from: peer)
  }

  /// Whether bytes are the header of any message between a coordinator, its workers and a job's owner.
  package static func isHeader(_ bytes: [UInt8]) -> Bool {
    let message = LinkMessage(header: bytes)
    func reads<Header: Codable>(_: Header.Type) -> Bool {
      guard let header: Header = try? header(of: message, from: "anybody") else { return false }
      return (try? JSONEncoder().encode(header)) != nil
    }
    // What is read must be written as it was.
    if let question = Question(shortForm: bytes) { return question.shortForm == bytes }
    if let answer = WorkerMessage(shortForm: bytes) { return answer.shortForm == bytes }
    return reads(Question.self) || reads(WorkerMessage.self) || reads(SubmitterMessage.self)
      || reads(SubmitterReply.self) || reads(VectorHeader.self)
  }
}
