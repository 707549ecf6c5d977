internal import NIOCore

/// A connection as its link sees it.
struct Carrier: Sendable {
  let channel: any Channel
  /// Makes the connection look for something to send.
  let wake: @Sendable () -> Void

  func isSame(as other: Carrier?) -> Bool { other.map { $0.channel === channel } ?? false }
}
