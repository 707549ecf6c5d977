import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket

/// The calling end of a WebSocket, as a browser has it, for tests that are no browser.
final class PageCaller: Sendable {
  private let channel: any Channel
  private let arrivals: AsyncStream<[UInt8]>

  struct Refused: Error {}

  /// Connects and upgrades.
  ///
  /// - Parameters:
  ///   - trust: a PEM file of the authority that must have issued the server's certificate; `nil` for no TLS.
  /// - Throws: ``Refused`` where the server does not upgrade.
  init(port: Int, path: String = "/", origin: String?, trust: String?) async throws {
    let (arrivals, continuation) = AsyncStream<[UInt8]>.makeStream()
    self.arrivals = arrivals
    var tls = TLSConfiguration.makeClientConfiguration()
    if let trust { tls.trustRoots = .file(trust) }
    let context = try NIOSSLContext(configuration: tls)
    let upgraded = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          if trust != nil {
            try channel.pipeline.syncOperations.addHandler(
              NIOSSLClientHandler(context: context, serverHostname: "localhost"))
          }
          var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: ["Host": "localhost:\(port)"])
          if let origin { head.headers.add(name: "Origin", value: origin) }
          let upgrader = NIOTypedWebSocketClientUpgrader<Bool>(maxFrameSize: 1 << 24) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
              try channel.pipeline.syncOperations.addHandler(Arrivals(continuation))
              return true
            }
          }
          return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
            configuration: .init(
              upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration<Bool>(
                upgradeRequestHead: head, upgraders: [upgrader],
                notUpgradingCompletionHandler: { $0.close().map { false } }))
          ).map { ($0, channel) }
        }
      }
    let (isOpen, channel) = try await upgraded.get()
    guard isOpen else { throw Refused() }
    self.channel = channel
  }

  /// Sends a frame; where the server is gone already, what it said before is there to be read.
  func send(_ bytes: [UInt8], opcode: WebSocketOpcode = .binary, isMasked: Bool = true) async throws {
    let frame = WebSocketFrame(
      fin: true, opcode: opcode, maskKey: isMasked ? [1, 2, 3, 4] : nil, data: ByteBuffer(bytes: bytes))
    do { try await channel.writeAndFlush(frame) } catch ChannelError.ioOnClosedChannel {}
  }

  /// The next message; `nil` at the end.
  func next() async -> [UInt8]? { await arrivals.first { _ in true } }

  func close() async { try? await channel.close() }
}

private final class Arrivals: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  private let continuation: AsyncStream<[UInt8]>.Continuation

  init(_ continuation: AsyncStream<[UInt8]>.Continuation) { self.continuation = continuation }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    if frame.opcode == .connectionClose { return context.close(promise: nil) }
    continuation.yield(Array(frame.unmaskedData.readableBytesView))
  }

  func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
