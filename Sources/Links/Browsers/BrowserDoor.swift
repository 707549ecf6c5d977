import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Transports

/// The accepting end for browsers: WebSocket over TLS in which the server alone shows a certificate, for pages of known
/// origins.
///
/// The opening handshake and the frames are SwiftNIO's. Who calls is not known here: what a page shows for itself is in its
/// messages. Callers of other origins are told so in one sentence, and those who speak no WebSocket likewise.
package final class BrowserDoor: Sendable {
  /// A conversation with one page; its connection ends with it.
  package typealias Conversation = @Sendable (inout BrowserConnection) async throws -> Void
  /// Whether pages of an origin may come in.
  package typealias OriginCheck = @Sendable (String) async -> Bool

  private typealias Frames = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

  /// Where it listens; the port that was found where 0 was asked for.
  package let port: Int
  private let listener: any NIOCore.Channel
  private let seats: BrowserSeats

  /// Listens at `host:port` (or `wss://host:port`), port 0 finds a free one, and talks to all who are let in.
  package static func open(
    listen text: String, certificate: WebCertificate, limits: BrowserLimits = BrowserLimits(),
    allows: @escaping OriginCheck, talk: @escaping Conversation
  ) async throws -> BrowserDoor {
    let address = try LinkAddress(text, allowsAnyPort: true)
    let context = try NIOSSLContext(configuration: certificate.configuration)
    let seats = BrowserSeats(limits)
    do {
      let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .serverChannelOption(.backlog, value: 1024)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            guard let seat = seats.take(for: channel) else { return channel.close(promise: nil) }
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
            try welcome(channel, seat, allows, talk)
          }
        }
        .bind(host: address.host, port: address.port).get()
      return BrowserDoor(listener, seats)
    } catch {
      throw LinkError.badAddress(text, reason: "\(error)")
    }
  }

  private init(_ listener: any NIOCore.Channel, _ seats: BrowserSeats) {
    self.listener = listener
    self.seats = seats
    port = listener.localAddress?.port ?? 0
  }

  /// Stops listening and ends all connections.
  package func close() async {
    try? await listener.close()
    seats.closeAll()
  }

  /// The pipeline of a caller behind TLS: HTTP, then the upgrade, then frames.
  private static func welcome(
    _ channel: any NIOCore.Channel, _ seat: BrowserSeat, _ allows: @escaping OriginCheck, _ talk: @escaping Conversation
  ) throws {
    let limit = seat.limits.messageByteCount
    let upgrader = NIOTypedWebSocketServerUpgrader<Void>(
      maxFrameSize: limit,
      shouldUpgrade: { channel, head in
        guard let origin = origin(of: head) else { return channel.eventLoop.makeSucceededFuture(nil) }
        let promise = channel.eventLoop.makePromise(of: HTTPHeaders?.self)
        promise.completeWithTask { await allows(origin) ? HTTPHeaders() : nil }
        return promise.futureResult
      },
      upgradePipelineHandler: { channel, head in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            NIOWebSocketFrameAggregator(
              minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 64, maxAccumulatedFrameSize: limit))
          let frames = try Frames(wrappingChannelSynchronously: channel)
          Task { try? await meet(frames, origin(of: head) ?? "", seat, talk) }
        }
      })
    let upgrade = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
      configuration: NIOUpgradableHTTPServerPipelineConfiguration(
        upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(
          upgraders: [upgrader], notUpgradingCompletionHandler: refuse)))
    upgrade.whenFailure { _ in channel.close(promise: nil) }
  }

  private static func meet(
    _ frames: Frames, _ origin: String, _ seat: BrowserSeat, _ talk: @escaping Conversation
  ) async throws {
    let address = frames.channel.remoteAddress?.ipAddress ?? "a page"
    try await frames.executeThenClose { inbound, outbound in
      var page = BrowserConnection(
        origin: origin, address: address, frames: inbound, outbound: outbound, seat: seat)
      try await talk(&page)
      await page.close()
    }
  }

  /// What browsers say of where a page is from; others may say anything or nothing.
  private static func origin(of head: HTTPRequestHead) -> String? {
    let origins = head.headers["Origin"]
    return origins.count == 1 ? origins[0] : nil
  }

  @Sendable private static func refuse(_ channel: any NIOCore.Channel) -> EventLoopFuture<Void> {
    let sentence = "This door is for pages of origins that the owners of models have allowed, over WebSocket.\n"
    var headers = HTTPHeaders()
    headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
    headers.add(name: "Content-Length", value: "\(sentence.utf8.count)")
    headers.add(name: "Connection", value: "close")
    let head = HTTPResponseHead(version: .http1_1, status: .forbidden, headers: headers)
    channel.write(HTTPServerResponsePart.head(head), promise: nil)
    channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: sentence))), promise: nil)
    return channel.writeAndFlush(HTTPServerResponsePart.end(nil)).flatMap { channel.close() }
  }
}
