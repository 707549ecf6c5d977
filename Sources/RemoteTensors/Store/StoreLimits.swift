public import Links

/// How much of a worker its clients may take up. Everything that comes over a link is held against these.
public struct StoreLimits: Hashable, Sendable {
  /// Clients with a connection at a time.
  public var clientCount = 64
  /// Tensors of one client.
  public var tensorsPerClient = 4096
  /// Bytes of all tensors of one client together; own tensors that it points to do not count.
  public var bytesPerClient = 256 << 20
  /// Bytes of all tensors of all clients together.
  public var bytesOfAllClients = 1 << 30
  /// Operations of one program.
  public var nodeCount = 10_000
  /// Results of one program.
  public var outputCount = 256
  /// Scalars of all values of one program together, with what convolutions need besides.
  public var scalarsPerRun = 1 << 26
  /// Additions and multiplications of one program.
  public var operationsPerRun = 1 << 36
  /// A client that asks nothing for so long is told goodbye, and its tensors go.
  public var idle: Duration = .seconds(3600)
  /// How long another worker may take to answer.
  public var patience: Duration = .seconds(60)
  /// Events that the log keeps; the oldest go first.
  public var logCount = 1000

  public init() {}

  /// Limits for the links that a worker accepts: no body larger than what one client may keep.
  public var links: LinkLimits {
    var limits = LinkLimits()
    limits.bodyByteCount = bytesPerClient
    return limits
  }
}
