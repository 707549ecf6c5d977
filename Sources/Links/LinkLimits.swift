/// What a link lets its peer do, and how long it waits. Times of day-to-day use are seconds; tests make them short.
public struct LinkLimits: Hashable, Sendable {
  /// The longest body, announced by a peer or about to be sent.
  public var bodyByteCount = 1 << 30
  /// Bytes of whole messages that nobody has received yet; above this the sender waits.
  public var queuedByteCount = 8 << 20
  /// Whole messages that nobody has received yet; above this the sender waits.
  public var queuedMessageCount = 256
  /// How often an end says that it is alive.
  public var heartbeat: Duration = .seconds(4)
  /// A connection on which nothing has come for so long is given up, and heals or is lost.
  public var silence: Duration = .seconds(15)
  /// How long a cut connection may take to come back.
  public var healing: Duration = .seconds(60)
  /// How long TLS, the upgrade and the greeting may take together.
  public var opening: Duration = .seconds(10)
  /// How long ``Link/close()`` waits for the peer to take what was sent.
  public var farewell: Duration = .seconds(5)
  /// Links that a server keeps at a time; more are refused.
  public var linkCount = 10_000

  public init() {}
}
