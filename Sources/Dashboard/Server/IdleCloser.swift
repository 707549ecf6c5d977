package import NIOCore

/// Closes connections on which nothing could be written for a while: a watcher that does not read what it is sent, or somebody
/// who only holds the line.
///
/// It stands behind an `IdleStateHandler`; streams with nothing to say write heartbeats more often.
package final class IdleCloser: ChannelInboundHandler, RemovableChannelHandler, Sendable {
  package typealias InboundIn = NIOAny

  package static let patience = TimeAmount.seconds(30)

  package init() {}

  package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard let event = event as? IdleStateHandler.IdleStateEvent, event == .write else {
      return context.fireUserInboundEventTriggered(event)
    }
    context.close(promise: nil)
  }
}
