import NIOCore
import NIOPosix
import NIOSSL
package import Transports

/// A caller that does TLS and the upgrade as it should and then writes whatever it likes.
package final class HostileCaller: Sendable {
  private let channel: any NIOCore.Channel
  private let incoming: AsyncStream<[UInt8]>

  /// Connects; with `upgrades`, up to the point where frames are due.
  package init(port: Int, tls: TLSSettings, upgrades: Bool = true) async throws {
    let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
    incoming = stream
    channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(
            NIOSSLClientHandler(
              context: tls.clientContext, serverHostname: nil,
              customVerificationCallback: { $1.succeed(.certificateVerified) }))
          try pipeline.addHandler(Collector(continuation))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    guard upgrades else { return }
    let request = [
      "GET / HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: upgrade",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", "",
    ]
    try await send(Array(request.joined(separator: "\r\n").utf8))
    // The RFC's own example of a key and its answer (section 1.3).
    _ = await read { String(decoding: $0, as: UTF8.self).contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") }
  }

  package func send(_ bytes: [UInt8]) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
  }

  /// All that comes until `isEnough` says so, or until the end.
  package func read(until isEnough: ([UInt8]) -> Bool = { _ in false }) async -> [UInt8] {
    var bytes: [UInt8] = []
    for await piece in incoming {
      bytes += piece
      if isEnough(bytes) { break }
    }
    return bytes
  }

  package func close() async { try? await channel.close() }

  /// A frame with a mask of zeros, or without a mask.
  package static func frame(first: UInt8 = 0x82, _ content: [UInt8], masked: Bool = true) -> [UInt8] {
    let bit: UInt8 = masked ? 0x80 : 0
    var frame = [first]
    if content.count < 126 {
      frame.append(bit | UInt8(content.count))
    } else {
      frame += [bit | 126, UInt8(content.count >> 8), UInt8(content.count & 255)]
    }
    if masked { frame += [0, 0, 0, 0] }
    return frame + content
  }

  /// The 24 bytes that every packet starts with, as docs say.
  package static func prefix(
    _ kind: UInt8, body: UInt8 = 0, header: UInt32 = 0, number: UInt64 = 0, count: UInt64 = 0
  ) -> [UInt8] {
    [kind, body, 0, 0] + (0..<4).map { UInt8(truncatingIfNeeded: header >> (8 * $0)) }
      + (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
      + (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
  }

  /// A greeting of a session of its own.
  package static func hello(version: Int = 1, session: String = "00112233445566778899aabbccddeeff") -> [UInt8] {
    let text = """
      {"version":\(version),"software":"hostile","session":"\(session)","resumes":false,"received":0,"granted":32}
      """
    let bytes = Array(text.utf8)
    return frame(prefix(5, header: UInt32(bytes.count)) + bytes)
  }
}

/// Passes what comes to a stream that ends with the connection.
private final class Collector: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let continuation: AsyncStream<[UInt8]>.Continuation

  init(_ continuation: AsyncStream<[UInt8]>.Continuation) { self.continuation = continuation }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    continuation.yield(Array(unwrapInboundIn(data).readableBytesView))
  }

  func channelInactive(context: ChannelHandlerContext) { continuation.finish() }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
