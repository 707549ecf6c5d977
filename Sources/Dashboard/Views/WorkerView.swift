/// A worker as the page shows it.
public struct WorkerView: Codable, Hashable, Sendable {
  public enum State: String, Codable, Hashable, Sendable { case idle, busy, offline }

  public var name: String
  public var state: State
  /// Of its last answer, with the computing that the answer took.
  public var latencySeconds: Double?
  /// Payload to the worker and from it.
  public var bytesSent: Int
  public var bytesReceived: Int

  public init(name: String, state: State, latencySeconds: Double?, bytesSent: Int, bytesReceived: Int) {
    self.name = name
    self.state = state
    self.latencySeconds = latencySeconds
    self.bytesSent = bytesSent
    self.bytesReceived = bytesReceived
  }
}
