/// From whom a message is, to whom, and of which run.
public struct FlowerMetadata: Hashable, Sendable {
  public var runID: UInt64
  /// The name of the message's object; empty where that is not known yet.
  public var messageID = ""
  public var source: UInt64
  public var destination: UInt64
  /// The message that it answers, if any.
  public var replyTo = ""
  public var group = ""
  /// Seconds from ``createdAt`` on.
  public var timeToLive: Double
  /// `train`, `evaluate` or `query`, and behind a point a name of the app's own.
  public var type: String
  /// Seconds since 1970.
  public var createdAt: Double
  public var sourceTask: UInt64?
  public var destinationTask: UInt64?

  public init(runID: UInt64, source: UInt64, destination: UInt64, type: String, createdAt: Double, timeToLive: Double) {
    (self.runID, self.source, self.destination) = (runID, source, destination)
    (self.type, self.createdAt, self.timeToLive) = (type, createdAt, timeToLive)
  }

  /// Of the answer to a message, made at a time in seconds since 1970.
  public func answer(at time: Double) -> FlowerMetadata {
    var answer = FlowerMetadata(
      runID: runID, source: destination, destination: source, type: type, createdAt: time,
      timeToLive: createdAt + timeToLive - time)
    (answer.replyTo, answer.group) = (messageID, group)
    (answer.sourceTask, answer.destinationTask) = (destinationTask, sourceTask)
    return answer
  }

  init(_ message: Flwr_Proto_Metadata) {
    self.init(
      runID: message.runID, source: message.srcNodeID, destination: message.dstNodeID, type: message.messageType,
      createdAt: message.createdAt, timeToLive: message.ttl)
    (messageID, replyTo, group) = (message.messageID, message.replyToMessageID, message.groupID)
    sourceTask = message.hasSrcTaskID ? message.srcTaskID : nil
    destinationTask = message.hasDstTaskID ? message.dstTaskID : nil
  }

  var proto: Flwr_Proto_Metadata {
    var message = Flwr_Proto_Metadata()
    (message.runID, message.messageID) = (runID, messageID)
    (message.srcNodeID, message.dstNodeID) = (source, destination)
    (message.replyToMessageID, message.groupID, message.messageType) = (replyTo, group, type)
    (message.ttl, message.createdAt) = (timeToLive, createdAt)
    if let sourceTask { message.srcTaskID = sourceTask }
    if let destinationTask { message.dstTaskID = destinationTask }
    return message
  }
}
