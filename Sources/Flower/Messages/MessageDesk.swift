internal import Foundation
internal import Logging

/// What a message contains is turned into what the answer contains; an error goes back as one.
public typealias MessageAnswering = @Sendable (FlowerMessage) async -> FlowerMessage.Content

/// Who carries messages to a worker and its answers back: a SuperLink, or a SuperNode beside the worker.
protocol MessageCarrier: Sendable {
  func nextMessage() async throws(FlowerError) -> (FlowerMetadata, ObjectTree)?
  /// An object's bytes; `nil` where they are still on their way.
  func object(_ id: ObjectID, run: UInt64) async throws(FlowerError) -> [UInt8]?
  func confirm(_ message: ObjectID, run: UInt64) async throws(FlowerError)
  /// Announces an answer; gives the objects that are lacking, and the session in which they are taken.
  func announce(
    _ message: PackedMessage, seconds: Double
  ) async throws(FlowerError) -> (wanted: Set<String>, session: String)
  func push(_ bytes: [UInt8], as id: ObjectID, run: UInt64, session: String) async throws(FlowerError)
}

/// Takes messages apart and puts answers together.
struct MessageDesk: Sendable {
  private let carrier: any MessageCarrier
  private let logger: Logger
  private let answer: MessageAnswering

  /// How often messages are asked for: soon after one, then less often.
  static let pauses = (shortest: Duration.milliseconds(50), longest: Duration.seconds(1))
  /// How long objects may be on their way.
  private static let patience = Duration.seconds(120)
  /// How often an answer is sent before it is given up.
  private static let attempts = 20

  init(_ carrier: any MessageCarrier, logger: Logger, answer: @escaping MessageAnswering) {
    (self.carrier, self.logger, self.answer) = (carrier, logger, answer)
  }

  /// Answers a message, if there is one.
  func answerNext() async throws -> Bool {
    guard let (asked, tree) = try await carrier.nextMessage() else { return false }
    var metadata = asked
    metadata.messageID = tree.id.text
    do {
      try await answer(metadata, tree)
    } catch FlowerError.runIsOver {
      logger.info("a run ended before its message was answered", metadata: ["run": "\(metadata.runID)"])
    } catch let error as FlowerError {
      switch error {
      case .malformedObject, .malformedMessage, .lostObject:
        logger.warning("a message could not be read", metadata: ["reason": "\(error)"])
        try await send(.error(code: ErrorCode.messageUnavailable, reason: "\(error)"), to: metadata, seconds: 0)
      case .badAddress, .file, .keyFile, .unreachable, .notTrusted, .unknownKey, .registrationClosed, .runIsOver,
        .refused:
        throw error
      }
    }
    return true
  }

  private func answer(_ metadata: FlowerMetadata, _ tree: ObjectTree) async throws {
    var reader = ObjectReader()
    for id in tree.leavesFirst { try reader.add(try await object(id, run: metadata.runID), as: id) }
    try await carrier.confirm(tree.id, run: metadata.runID)
    let message = FlowerMessage(metadata: metadata, content: .records(try reader.message(tree.id)))
    let start = ContinuousClock.now
    let content = await answer(message)
    try await send(content, to: metadata, seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  private func object(_ id: ObjectID, run: UInt64) async throws -> [UInt8] {
    let deadline = ContinuousClock.now + Self.patience
    while true {
      if let bytes = try await carrier.object(id, run: run) { return bytes }
      guard ContinuousClock.now < deadline else { throw FlowerError.lostObject(id.text) }
      try await Task.sleep(for: Self.pauses.shortest)
    }
  }

  private func send(_ content: FlowerMessage.Content, to asked: FlowerMetadata, seconds: Double) async throws {
    let reply = FlowerMessage(metadata: asked.answer(at: Date().timeIntervalSince1970), content: content)
    let packed = try reply.packed()
    for _ in 1..<Self.attempts {
      do { return try await push(packed, run: asked.runID, seconds: seconds) } catch FlowerError.unreachable {
        // What was computed is not thrown away for a connection that was cut.
        try await Task.sleep(for: Self.pauses.longest)
      }
    }
    try await push(packed, run: asked.runID, seconds: seconds)
  }

  private func push(_ packed: PackedMessage, run: UInt64, seconds: Double) async throws {
    let (wanted, session) = try await carrier.announce(packed, seconds: seconds)
    for id in packed.tree.leavesFirst where wanted.contains(id.text) {
      guard let bytes = packed.objects[id] else { continue }
      try await carrier.push(bytes, as: id, run: run, session: session)
    }
  }
}

/// Flower's numbers of errors in messages.
package enum ErrorCode {
  package static let appFailed = 2
  package static let messageUnavailable = 3
}
