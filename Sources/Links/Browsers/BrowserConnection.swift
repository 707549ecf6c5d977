import NIOCore
import NIOWebSocket

/// A page's connection: whole messages of bytes, both ways.
///
/// A page is on the clock always: when the time that ``expectNews(within:)`` gave is over, the connection is closed.
package struct BrowserConnection {
  /// The page's scheme, host and port, as its browser tells them.
  package let origin: String
  /// Where it comes from, for logs.
  package let address: String
  private var frames: NIOAsyncChannelInboundStream<WebSocketFrame>.AsyncIterator
  private let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
  private let seat: BrowserSeat

  init(
    origin: String, address: String, frames: NIOAsyncChannelInboundStream<WebSocketFrame>,
    outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>, seat: BrowserSeat
  ) {
    self.origin = origin
    self.address = address
    self.frames = frames.makeAsyncIterator()
    self.outbound = outbound
    self.seat = seat
  }

  /// Gives the caller so much time from now on.
  package func expectNews(within limit: Duration) { seat.expectNews(within: limit) }

  /// Tells that the caller has shown that it may be here: it need not make room for others any more.
  package func letIn() { seat.letIn() }

  /// - Throws: ``LinkError/closed(by:)``, ``LinkError/malformedFrame(from:reason:)``.
  package mutating func receive() async throws -> [UInt8] {
    while let frame = try await frames.next() {
      guard frame.maskKey != nil else { throw malformed("a frame without a mask") }
      switch frame.opcode {
      case .binary: return Array(frame.unmaskedData.readableBytesView)
      case .ping: try await outbound.write(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData))
      case .pong: break
      case .connectionClose: throw LinkError.closed(by: address)
      default: throw malformed("a message that is not binary")
      }
    }
    throw LinkError.closed(by: address)
  }

  package func send(_ bytes: [UInt8]) async throws {
    try await outbound.write(WebSocketFrame(fin: true, opcode: .binary, data: ByteBuffer(bytes: bytes)))
  }

  /// Says goodbye, as browsers expect it.
  func close() async {
    var code = ByteBuffer()
    code.write(webSocketErrorCode: .normalClosure)
    try? await outbound.write(WebSocketFrame(fin: true, opcode: .connectionClose, data: code))
  }

  private func malformed(_ reason: String) -> LinkError { .malformedFrame(from: address, reason: reason) }
}
