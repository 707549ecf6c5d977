public import Transports

/// A conversation with one peer: whole messages, reliable and in order, in both directions at once.
///
/// What was sent arrives once, or the link is broken; a link over a network survives a cut of the connection that heals
/// in time. A broken link stays broken: every later call throws the same error. Only
/// ``LinkError/timedOut(waitingFor:after:)`` and ``LinkError/cancelled(waitingFor:)`` break nothing: the call may be
/// repeated. One task receives at a time; any may send.
public protocol Link: AnyObject, Sendable {
  /// Whom the other end's certificate names.
  var peer: PeerIdentity { get }

  /// What has passed so far.
  var traffic: LinkTraffic { get }

  /// Waits until the message is on its way, with back-pressure: at most a few pieces of it are buffered.
  ///
  /// The body is not copied: it is kept until the peer has acknowledged it, so that a caller who changes the array
  /// earlier pays for a copy. A call cancelled before its message was begun sends nothing; afterwards the message is
  /// finished without it.
  func send(_ message: LinkMessage) async throws(LinkError)

  /// Sends a message for which there is room without waiting; `false` where there is none, and nothing has been sent.
  func sendAtOnce(_ message: LinkMessage) throws(LinkError) -> Bool

  /// Where a task wakes up soonest when a message comes: the thread that drives the link's connection; `nil` where any thread will do.
  ///
  /// Only what takes a few milliseconds belongs there: meanwhile no message passes on the connections of that thread, nor heartbeats.
  var executor: (any TaskExecutor)? { get }

  /// The next message, if it is here within `patience`, whether the peer is busy meanwhile or not.
  ///
  /// A peer that does not even send heartbeats for ``LinkLimits/silence`` is cut off: its link heals or breaks.
  func receive(within patience: Duration) async throws(LinkError) -> LinkMessage

  /// Says goodbye: the peer receives what was sent before, then ``LinkError/closed(by:)``.
  ///
  /// Waits until the peer has it all, at most ``LinkLimits/farewell``. What has come and was not received is dropped.
  func close() async
}

extension Link {
  public func sendAtOnce(_ message: LinkMessage) throws(LinkError) -> Bool { false }

  public var executor: (any TaskExecutor)? { nil }
}
