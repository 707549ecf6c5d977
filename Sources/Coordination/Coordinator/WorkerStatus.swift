/// What is known of a worker at a moment.
public struct WorkerStatus: Codable, Hashable, Sendable {
  public enum Condition: String, Codable, Hashable, Sendable { case idle, busy, offline }

  public var name: String
  public var condition: Condition
  /// Of the last answer.
  public var latencySeconds: Double?
  /// Payload to the worker and from it.
  public var bytesSent: Int
  public var bytesReceived: Int
}
