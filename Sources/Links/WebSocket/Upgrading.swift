internal import NIOCore
internal import NIOHTTP1
internal import NIOWebSocket

/// The opening handshake of RFC 6455 is SwiftNIO's; what comes after it is a ``ConnectionHandler``.
struct ServerUpgrader: NIOTypedHTTPServerProtocolUpgrader {
  let supportedProtocol = "websocket"
  let requiredUpgradeHeaders: [String] = []
  let makeHandler: @Sendable () -> ConnectionHandler

  func buildUpgradeResponse(
    channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
  ) -> EventLoopFuture<HTTPHeaders> {
    NIOTypedWebSocketServerUpgrader<Void>(
      shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
      upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
    ).buildUpgradeResponse(
      channel: channel, upgradeRequest: upgradeRequest, initialResponseHeaders: initialResponseHeaders)
  }

  func upgrade(channel: any Channel, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(makeHandler()) }
  }

  /// The whole pipeline above TLS; callers who speak no WebSocket are hung up on.
  static func configure(_ channel: any Channel, makeHandler: @escaping @Sendable () -> ConnectionHandler) throws
    -> EventLoopFuture<Void>
  {
    let upgrade = NIOTypedHTTPServerUpgradeConfiguration<Void>(
      upgraders: [ServerUpgrader(makeHandler: makeHandler)],
      notUpgradingCompletionHandler: { channel in channel.close() })
    return try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
      configuration: NIOUpgradableHTTPServerPipelineConfiguration(upgradeConfiguration: upgrade))
  }
}

struct ClientUpgrader: NIOTypedHTTPClientProtocolUpgrader {
  let supportedProtocol = "websocket"
  let requiredUpgradeHeaders: [String] = []
  let makeHandler: @Sendable () -> ConnectionHandler
  private let handshake = NIOTypedWebSocketClientUpgrader<Void>(upgradePipelineHandler: { channel, _ in
    channel.eventLoop.makeSucceededVoidFuture()
  })

  init(makeHandler: @escaping @Sendable () -> ConnectionHandler) { self.makeHandler = makeHandler }

  func addCustom(upgradeRequestHeaders: inout HTTPHeaders) {
    handshake.addCustom(upgradeRequestHeaders: &upgradeRequestHeaders)
  }

  func shouldAllowUpgrade(upgradeResponse: HTTPResponseHead) -> Bool {
    handshake.shouldAllowUpgrade(upgradeResponse: upgradeResponse)
  }

  func upgrade(channel: any Channel, upgradeResponse: HTTPResponseHead) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(makeHandler()) }
  }

  /// The whole pipeline above TLS; sends the request as soon as there is a connection.
  static func configure(
    _ channel: any Channel, address: LinkAddress, makeHandler: @escaping @Sendable () -> ConnectionHandler
  ) throws -> EventLoopFuture<Void> {
    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["Host": address.text])
    let failure = LinkError.unreachable(address: address.text, reason: "a server that speaks no WebSocket answers")
    let upgrade = NIOTypedHTTPClientUpgradeConfiguration<Void>(
      upgradeRequestHead: head, upgraders: [ClientUpgrader(makeHandler: makeHandler)],
      notUpgradingCompletionHandler: { channel in channel.eventLoop.makeFailedFuture(failure) })
    var configuration = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: upgrade)
    configuration.leftOverBytesStrategy = .forwardBytes
    return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(configuration: configuration)
  }
}
