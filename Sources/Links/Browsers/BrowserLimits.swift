/// What a door for browsers lets callers take of the server.
package struct BrowserLimits: Sendable {
  /// How long TLS, the upgrade and the first message may take together.
  package var opening = Duration.seconds(10)
  /// Connections at a time.
  package var connectionCount = 1024
  /// Connections that have not been let in yet: one more, and the oldest of them goes.
  package var openingCount = 256
  /// The longest message.
  package var messageByteCount = 1 << 16

  package init() {}
}
