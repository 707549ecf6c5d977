public import Transports

/// A conversation with one peer: whole messages, reliable and in order, in both directions at once.
///
/// What was sent arrives once or the link is broken; a link over a network survives a cut of the connection that heals
/// in time. After the first error thrown, every call throws. One task receives at a time; any may send.
public protocol Link: AnyObject, Sendable {
  /// Whom the other end's certificate names.
  var peer: PeerIdentity { get }

  /// Waits until the message is on its way, with back-pressure: at most a few pieces of it are buffered.
  func send(_ message: LinkMessage) async throws(LinkError)

  /// The next message. Heartbeats of a peer that is busy do not count against `patience`, but a silent peer breaks the link.
  func receive(within patience: Duration) async throws(LinkError) -> LinkMessage

  /// Says goodbye; the peer's next receive throws ``LinkError/closed(by:)``.
  func close() async
}
