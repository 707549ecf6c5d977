internal import Crypto
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS

/// Requests to a SuperLink over HTTP/1.1, one at a time, on a connection that is made again when it is gone.
///
/// Our own, since AsyncHTTPClient (1.37) does not check a certificate against pinned ones (its pull request 910).
actor HTTPConnection {
  struct Answer: Sendable {
    let status: Int
    let body: [UInt8]
  }

  /// No answer is longer.
  private static let largestAnswer = StoredObject.largest + (1 << 20)
  private static let opening = TimeAmount.seconds(10)

  private let address: SuperLinkAddress
  private let trust: SuperLinkTrust
  private let loop: any EventLoop
  private var channel: (any NIOCore.Channel)?

  init(to address: SuperLinkAddress, _ trust: SuperLinkTrust) {
    self.address = address
    self.trust = trust
    loop = MultiThreadedEventLoopGroup.singleton.next()
  }

  /// Asks once more where a connection of before turns out to be closed.
  ///
  /// - Throws: ``FlowerError/unreachable(address:reason:)``, ``FlowerError/notTrusted(address:reason:)``.
  func post(
    _ path: String, _ headers: [(String, String)], _ body: [UInt8], within patience: Duration
  ) async throws(FlowerError) -> Answer {
    var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: path)
    head.headers = HTTPHeaders(headers + [("host", address.text), ("content-length", "\(body.count)")])
    if let known = channel, known.isActive {
      do { return try await ask(known, head, body, patience) } catch { channel = nil }
    }
    return try await ask(try await open(), head, body, patience)
  }

  func close() {
    channel?.close(promise: nil)
    channel = nil
  }

  private func ask(
    _ channel: any NIOCore.Channel, _ head: HTTPRequestHead, _ body: [UInt8], _ patience: Duration
  ) async throws(FlowerError) -> Answer {
    let answer = channel.eventLoop.makePromise(of: Answer.self)
    let late = FlowerError.unreachable(address: address.text, reason: "no answer came within \(patience)")
    let timer = channel.eventLoop.scheduleTask(in: .nanoseconds(Int64(patience / .nanoseconds(1)))) {
      answer.fail(late)
      channel.close(promise: nil)
    }
    channel.writeAndFlush(Exchange(head: head, body: ByteBuffer(bytes: body), answer: answer)).whenFailure {
      answer.fail($0)
    }
    defer { timer.cancel() }
    do { return try await answer.futureResult.get() } catch { throw reason(error) }
  }

  private func open() async throws(FlowerError) -> any NIOCore.Channel {
    let opened = loop.makePromise(of: Void.self)
    let (address, trust) = (address, trust)
    do {
      let channel = try await ClientBootstrap(group: loop).connectTimeout(Self.opening)
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if case .tls(let context) = trust.layer {
              try pipeline.addHandler(
                NIOSSLClientHandler(context: context, serverHostname: address.isNumeric ? nil : address.host))
            }
            try pipeline.addHandler(DoorHandler(trust, opened, address: address.text))
            try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
            try pipeline.addHandler(NIOHTTPClientResponseAggregator(maxContentLength: Self.largestAnswer))
            try pipeline.addHandler(ExchangeHandler())
          }
        }
        .connect(host: address.host, port: address.port).get()
      let timer = loop.scheduleTask(in: Self.opening) {
        opened.fail(FlowerError.unreachable(address: address.text, reason: "TLS was not set up in time"))
      }
      defer { timer.cancel() }
      try await opened.futureResult.get()
      self.channel = channel
      return channel
    } catch {
      opened.fail(error)
      throw reason(error)
    }
  }

  private func reason(_ error: any Error) -> FlowerError {
    if let error = error as? FlowerError { return error }
    if let error = error as? NIOSSLError, case .handshakeFailed = error {
      guard "\(error)".contains("CERTIFICATE_VERIFY_FAILED") else {
        return .notTrusted(address: address.text, reason: "it agrees on no TLS; it may listen without")
      }
      return .notTrusted(address: address.text, reason: "its certificate is of no authority that is named here")
    }
    if error is NIOSSLExtraError {
      return .notTrusted(address: address.text, reason: "its certificate is not that of \(address.host)")
    }
    if error is NIOConnectionError { return .unreachable(address: address.text, reason: "nobody listens there") }
    return .unreachable(address: address.text, reason: "the connection was cut")
  }
}

/// A request and the place for its answer.
private struct Exchange: Sendable {
  let head: HTTPRequestHead
  let body: ByteBuffer
  let answer: EventLoopPromise<HTTPConnection.Answer>
}

/// Says when a connection may be used: at once, or when TLS has shown a certificate that will do.
private final class DoorHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let trust: SuperLinkTrust
  private let opened: EventLoopPromise<Void>
  private let address: String

  init(_ trust: SuperLinkTrust, _ opened: EventLoopPromise<Void>, address: String) {
    self.trust = trust
    self.opened = opened
    self.address = address
  }

  func channelActive(context: ChannelHandlerContext) {
    if case .plain = trust.layer { opened.succeed() }
    context.fireChannelActive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? TLSUserEvent, case .handshakeCompleted = event { judge(context) }
    context.fireUserInboundEventTriggered(event)
  }

  private func judge(_ context: ChannelHandlerContext) {
    guard let pins = trust.pins else { return opened.succeed() }
    let certificate = try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self).peerCertificate
    guard let bytes = try? certificate?.toDERBytes(), pins.contains(Array(SHA256.hash(data: bytes))) else {
      opened.fail(
        FlowerError.notTrusted(address: address, reason: "the policy's coordinators do not name its certificate"))
      context.close(promise: nil)
      return
    }
    opened.succeed()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    opened.fail(error)
    context.fireErrorCaught(error)
  }

  func channelInactive(context: ChannelHandlerContext) {
    opened.fail(ChannelError.eof)
    context.fireChannelInactive()
  }
}

/// One request after the other.
private final class ExchangeHandler: ChannelDuplexHandler {
  typealias InboundIn = NIOHTTPClientResponseFull
  typealias InboundOut = Never
  typealias OutboundIn = Exchange
  typealias OutboundOut = HTTPClientRequestPart

  private var waiting: EventLoopPromise<HTTPConnection.Answer>?

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let exchange = unwrapOutboundIn(data)
    waiting = exchange.answer
    context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(exchange.body))), promise: nil)
    context.write(wrapOutboundOut(.end(nil)), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let full = unwrapInboundIn(data)
    waiting?.succeed(
      HTTPConnection.Answer(
        status: Int(full.head.status.code), body: full.body.map { Array($0.readableBytesView) } ?? []))
    waiting = nil
    if !full.head.isKeepAlive { context.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    waiting?.fail(error)
    waiting = nil
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    waiting?.fail(ChannelError.eof)
    waiting = nil
    context.fireChannelInactive()
  }
}
