/// What has passed over a link so far, for reports and dashboards.
public struct LinkTraffic: Hashable, Sendable {
  public var messagesSent = 0
  public var messagesReceived = 0
  /// Bytes of headers and bodies, without frames and TLS; what was sent again after a cut counts again.
  public var bytesSent = 0
  /// Bytes of headers and bodies that came.
  public var bytesReceived = 0
  /// Bytes sent again after a cut; part of ``bytesSent``.
  public var bytesResent = 0
  /// How many connections have carried the link; 1 where it never was cut, 0 in memory.
  public var connectionCount = 0
  /// How long the last heartbeat took there and back; `nil` before the first and in memory.
  public var roundTrip: Duration?

  public init() {}
}
